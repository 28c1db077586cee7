#include "eval/impostor_tail.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "facerec/core/random.h"

namespace facerec::test {
namespace {

// Each pair of people once; a score is the sum of what the two people and the pair add to it, all normal, so that its
// deviation is 0.1. `shared`: the part of the variance that the people cause.
std::vector<Trial> comparisons(uint32_t people, double shared, uint64_t seed) {
  Random random("comparisons", {seed});
  std::vector<double> own(people);
  for (double& value : own) value = random.normal(0, 0.1 * std::sqrt(shared / 2));
  std::vector<Trial> trials;
  for (uint32_t a = 0; a < people; ++a) {
    for (uint32_t b = a + 1; b < people; ++b) {
      const double cosine = own[a] + own[b] + random.normal(0, 0.1 * std::sqrt(1 - shared));
      trials.push_back({static_cast<float>(cosine), a, b});
    }
  }
  return trials;
}

ImpostorTail tail_of(const std::vector<Trial>& trials, std::vector<double> wanted = {}) {
  const std::vector<int64_t> sizes{0};
  return measure_tails(
             sizes, [&](const EmitTrials& emit) { emit(0, trials, 0); }, wanted)
      .front();
}

size_t reached(const std::vector<Trial>& trials, double cosine) {
  return static_cast<size_t>(std::ranges::count_if(trials, [&](const Trial& t) { return t.cosine >= cosine; }));
}

TEST(ImpostorTail, NoPointIsReachedByMoreThanItsRate) {
  const std::vector<Trial> trials = comparisons(120, 0.3, 1);
  const ImpostorTail tail = tail_of(trials, {0.0123});
  EXPECT_EQ(tail.trials, trials.size());
  for (const ImpostorTail::Point& point : tail.points) {
    const double allowed = point.rate * static_cast<double>(trials.size());
    EXPECT_LE(static_cast<double>(reached(trials, point.cosine)), allowed * (1 + 1e-9));
    EXPECT_GT(static_cast<double>(reached(trials, point.cosine - 4e-6)), std::floor(allowed));  // the smallest such
    EXPECT_LE(point.low, point.cosine);
    EXPECT_GE(point.high, point.cosine);
  }
  EXPECT_TRUE(std::ranges::any_of(tail.points, [](const auto& point) { return point.rate == 0.0123; }));
}

TEST(ImpostorTail, EndsWhereTheRuleOf30Does) {
  const std::vector<Trial> trials = comparisons(100, 0, 2);  // 4950
  const ImpostorTail tail = tail_of(trials);
  EXPECT_NEAR(tail.points.back().rate, 30.0 / 4950, 1e-12);
  EXPECT_TRUE(tail.at(0.01).supported);
  EXPECT_FALSE(tail.at(0.001).supported);
}

// The cosine that a share of all comparisons of such people reaches is known.
struct Coverage {
  double shared, rate, normal_quantile;
};
class TailCoverage : public testing::TestWithParam<Coverage> {};

TEST_P(TailCoverage, IntervalsHoldTheTruthAsOftenAsTheySay) {
  const Coverage& c = GetParam();
  constexpr uint64_t repetitions = 200;
  uint64_t held = 0;
  for (uint64_t seed = 0; seed < repetitions; ++seed) {
    const Threshold threshold = tail_of(comparisons(60, c.shared, seed), {c.rate}).at(c.rate);
    held += threshold.low <= 0.1 * c.normal_quantile && 0.1 * c.normal_quantile <= threshold.high;
  }
  // 95 %, less what few people cost (60), and the scatter of 200 repetitions.
  EXPECT_GE(held, 180U);
}

INSTANTIATE_TEST_SUITE_P(All, TailCoverage,
                         testing::Values(Coverage{0, 0.02, 2.0537489}, Coverage{0.3, 0.05, 1.6448536},
                                         Coverage{0.6, 0.1, 1.2815516}));

TEST(ImpostorTail, IntervalsAreNoWiderThanIndependentComparisonsNeed) {
  constexpr double rate = 0.05;
  const std::vector<Trial> trials = comparisons(200, 0, 3);  // 19,900
  const Threshold threshold = tail_of(trials, {rate}).at(rate);
  // ±1.96 standard errors of a rate, by the density of the normal distribution at its 95 % point.
  const double error = 1.96 * std::sqrt(rate * (1 - rate) / 19900.0) * 0.1 / 0.10313564;
  EXPECT_LT(threshold.high - threshold.low, 2 * error * 1.3);
  EXPECT_GT(threshold.high - threshold.low, 2 * error * 0.9);
}

TEST(ImpostorTail, SharedPeopleWidenIntervals) {
  const auto width = [](double shared) {
    const Threshold threshold = tail_of(comparisons(150, shared, 4), {0.02}).at(0.02);
    return threshold.high - threshold.low;
  };
  EXPECT_GT(width(0.6), 2 * width(0));
}

TEST(ImpostorTail, ExtrapolationErrsTowardsRefusing) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const ImpostorTail tail = tail_of(comparisons(150, 0, seed));  // 11,175: supported down to 2.7e-3
    const Threshold far = tail.at(1e-6);
    EXPECT_FALSE(far.supported);
    EXPECT_GE(far.high, 0.1 * 4.7534243);  // the truth
    EXPECT_LT(far.cosine, 0.8);
  }
}

TEST(ImpostorTail, NeitherOrderNorBlocksMatter) {
  std::vector<Trial> trials = comparisons(80, 0.3, 5);
  const ImpostorTail one = tail_of(trials);
  std::ranges::reverse(trials);
  const std::vector<int64_t> sizes{0};
  const auto in_two = [&](const EmitTrials& emit) {
    emit(0, std::span(trials).subspan(1000), 1);
    emit(0, std::span(trials).first(1000), 0);
  };
  const ImpostorTail other = measure_tails(sizes, in_two, {}).front();
  ASSERT_EQ(one.points.size(), other.points.size());
  for (size_t i = 0; i < one.points.size(); ++i) {
    EXPECT_EQ(one.points[i].cosine, other.points[i].cosine);
    EXPECT_EQ(one.points[i].low, other.points[i].low);
    EXPECT_EQ(one.points[i].high, other.points[i].high);
  }
}

// Of more than a million trials only some are kept for the intervals.
TEST(ImpostorTail, ManyTrialsGiveExactThresholdsAndSoundIntervals) {
  const std::vector<Trial> trials = comparisons(1500, 0.1, 6);
  const ImpostorTail tail = tail_of(trials);
  double before = 0;
  for (const ImpostorTail::Point& point : tail.points) {
    EXPECT_LE(static_cast<double>(reached(trials, point.cosine)),
              point.rate * static_cast<double>(trials.size()) * (1 + 1e-9));
    const double width = point.high - point.low;
    if (before > 0) {
      EXPECT_LT(width, 2 * before);  // no step where the kept ones begin
    }
    before = width;
  }
  EXPECT_NEAR(tail.at(0.01).cosine, 0.1 * 2.3263479, 0.01);
}

TEST(ImpostorTail, OneScoreForAllIsNoCrash) {
  std::vector<Trial> trials = comparisons(50, 0, 7);
  for (Trial& trial : trials) trial.cosine = 1;
  EXPECT_EQ(tail_of(trials).at(0.01).cosine, 1);
  for (Trial& trial : trials) trial.cosine = 0;
  EXPECT_NEAR(tail_of(trials).at(0.01).cosine, 0, 3e-6);
}

}  // namespace
}  // namespace facerec::test
