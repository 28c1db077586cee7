#include "facerec/eval/roc.h"

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using Labels = std::vector<uint8_t>;

TEST(Roc, IsMonotoneFromNothingToEverything) {
  const PairScores scores = normal_scores(200, 2, 1);
  const Roc roc = roc_curve(scores.cosine, scores.same).value();
  EXPECT_EQ(roc.threshold.front(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(roc.fmr(0), 0);
  EXPECT_EQ(roc.tar(0), 0);
  EXPECT_EQ(roc.fmr(roc.size() - 1), 1);
  EXPECT_EQ(roc.tar(roc.size() - 1), 1);
  for (size_t i = 1; i < roc.size(); ++i) {
    EXPECT_LT(roc.threshold[i], roc.threshold[i - 1]);
    const ErrorRates rates = error_rates(scores.cosine, scores.same, roc.threshold[i]);
    EXPECT_EQ(rates.fmr, roc.fmr(i));
    EXPECT_EQ(rates.fnmr, roc.fnmr(i));
  }
}

TEST(Roc, DoesNotChangeUnderMonotoneMaps) {
  const PairScores scores = normal_scores(300, 2, 2);
  std::vector<double> mapped = scores.cosine;
  for (double& value : mapped) value = std::exp(3 * value) - 7;
  const Roc one = roc_curve(scores.cosine, scores.same).value(), other = roc_curve(mapped, scores.same).value();
  EXPECT_EQ(area_under(one), area_under(other));
  EXPECT_EQ(equal_error_rate(one), equal_error_rate(other));
  for (double target : {0.1, 0.01, 0.001}) {
    EXPECT_EQ(fnmr_at_fmr(one, target).fnmr, fnmr_at_fmr(other, target).fnmr);
  }
}

TEST(Roc, AreaIsTheChanceThatASamePairScoresHigher) {
  PairScores scores = normal_scores(60, 1, 3);
  for (double& value : scores.cosine) value = std::round(value * 20);  // ties
  double wins = 0;
  for (size_t i = 0; i < 120; i += 2) {
    for (size_t j = 1; j < 120; j += 2) {
      wins += scores.cosine[i] > scores.cosine[j] ? 1 : scores.cosine[i] == scores.cosine[j] ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(area_under(roc_curve(scores.cosine, scores.same).value()), wins / 3600, 1e-15);
}

TEST(Roc, SwappedLabelsTurnTheAreaAround) {
  const PairScores scores = normal_scores(100, 1, 4);
  Labels swapped = scores.same;
  for (uint8_t& label : swapped) label = 1 - label;
  EXPECT_NEAR(
      area_under(roc_curve(scores.cosine, scores.same).value()) + area_under(roc_curve(scores.cosine, swapped).value()),
      1, 1e-15);
}

TEST(Roc, FnmrFallsAsMoreFalseMatchesAreAllowed) {
  const PairScores scores = normal_scores(500, 2, 5);
  const Roc roc = roc_curve(scores.cosine, scores.same).value();
  double last = 1;
  for (double target = 0.0005; target < 1; target *= 1.3) {
    const OperatingPoint point = fnmr_at_fmr(roc, target);
    EXPECT_LE(point.fmr, target);
    EXPECT_LE(point.fnmr, last);
    last = point.fnmr;
  }
}

TEST(Roc, ConstantScoresTellNothing) {
  const Roc roc = roc_curve(std::vector<double>{0.5, 0.5, 0.5}, Labels{1, 0, 0}).value();
  EXPECT_EQ(area_under(roc), 0.5);
  EXPECT_EQ(equal_error_rate(roc), 0.5);
  EXPECT_EQ(fnmr_at_fmr(roc, 0.1).threshold, std::numeric_limits<double>::infinity());
  EXPECT_EQ(fnmr_at_fmr(roc, 0.1).fnmr, 1);
}

TEST(Roc, OneKindOrNoneIsUndefined) {
  EXPECT_FALSE(roc_curve(std::vector<double>{0.5, 0.6}, Labels{1, 1}).has_value());
  EXPECT_FALSE(roc_curve(std::vector<double>{0.5, 0.6}, Labels{0, 0}).has_value());
  EXPECT_FALSE(roc_curve({}, {}).has_value());
}

TEST(Roc, NamesThePairThatIsNaN) {
  const std::vector<double> scores = {0.5, NAN};
  try {
    roc_curve(scores, Labels{1, 0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "the score of pair 1 is NaN");
  }
  EXPECT_THROW(error_rates(scores, Labels{1, 0}, 0.5), Error);
  EXPECT_THROW(roc_curve(scores, Labels{1}), Error);
}

TEST(Roc, ErrorAreaIsWhatTheAreaLacks) {
  PairScores scores = normal_scores(500, 1, 6);
  for (double& value : scores.cosine) value = std::round(value * 20);  // ties
  const Roc roc = roc_curve(scores.cosine, scores.same).value();
  EXPECT_NEAR(error_area(roc), 1 - area_under(roc), 1e-15);
  double trapezoid = 0;
  for (size_t i = 1; i < roc.size(); ++i) {
    trapezoid += (roc.fnmr(i - 1) - roc.fnmr(i)) * (roc.fmr(i - 1) + roc.fmr(i)) / 2;
  }
  EXPECT_NEAR(error_area(roc), trapezoid, 1e-14);
}

void expect_equal(const Roc& one, const Roc& other) {
  EXPECT_EQ(one.threshold, other.threshold);
  EXPECT_EQ(one.matched_same, other.matched_same);
  EXPECT_EQ(one.matched_different, other.matched_different);
}

// Large enough to be sorted in parallel; every score stands `times` times.
PairScores repeated(const PairScores& scores, size_t times) {
  PairScores many;
  for (size_t i = 0; i < times; ++i) {
    many.cosine.insert(many.cosine.end(), scores.cosine.begin(), scores.cosine.end());
    many.same.insert(many.same.end(), scores.same.begin(), scores.same.end());
  }
  return many;
}

TEST(Roc, OfManyScoresIsThatOfFew) {
  const PairScores scores = normal_scores(1000, 2, 7);
  Roc few = roc_curve(scores.cosine, scores.same).value();
  const PairScores many = repeated(scores, 300);
  for (uint64_t& count : few.matched_same) count *= 300;
  for (uint64_t& count : few.matched_different) count *= 300;
  expect_equal(roc_curve(many.cosine, many.same).value(), few);
}

TEST(Roc, OrderOfPairsDoesNotMatter) {
  const PairScores scores = normal_scores(500, 2, 8);
  PairScores shuffled;
  for (const uint32_t i : permutation(scores.same.size(), Random("order", {1}))) {
    shuffled.cosine.push_back(scores.cosine[i]);
    shuffled.same.push_back(scores.same[i]);
  }
  expect_equal(roc_curve(scores.cosine, scores.same).value(), roc_curve(shuffled.cosine, shuffled.same).value());
}

TEST(RocAccumulator, RatesAtItsThresholdsAreExact) {
  PairScores scores = normal_scores(2000, 2, 9);
  scores.cosine[0] = 1;
  scores.cosine[1] = -1;
  scores.cosine[2] = 0.25;                        // a lower edge
  scores.cosine[3] = std::nextafter(0.25, -1.0);  // just below it
  RocAccumulator first, second;
  for (size_t i = 0; i < scores.same.size(); ++i) {
    (i % 3 == 0 ? first : second).add(scores.cosine[i], scores.same[i] != 0);
  }
  first.merge(second);
  const Roc counted = first.finish().value(), exact = roc_curve(scores.cosine, scores.same).value();
  for (size_t i = 1; i < counted.size(); ++i) {
    const ErrorRates rates = error_rates(scores.cosine, scores.same, counted.threshold[i]);
    ASSERT_EQ(rates.fmr, counted.fmr(i));
    ASSERT_EQ(rates.fnmr, counted.fnmr(i));
  }
  EXPECT_NEAR(area_under(counted), area_under(exact), 1e-6);
  EXPECT_NEAR(fnmr_at_fmr(counted, 0.01).threshold, fnmr_at_fmr(exact, 0.01).threshold, 2e-6);
}

TEST(RocAccumulator, NeedsBothKindsAndNumbers) {
  RocAccumulator accumulator;
  EXPECT_FALSE(accumulator.finish().has_value());
  accumulator.add(0.5, true);
  EXPECT_FALSE(accumulator.finish().has_value());
  EXPECT_THROW(accumulator.add(NAN, true), Error);
  accumulator.add(1.0000001, false, 2);  // clamped
  EXPECT_EQ(accumulator.finish().value().different, 2U);
}

TEST(SupportsRate, RuleOfThirty) {
  EXPECT_TRUE(supports_rate(3000, 1e-2));
  EXPECT_FALSE(supports_rate(2999, 1e-2));
  EXPECT_FALSE(supports_rate(3000, 1e-3));
  EXPECT_TRUE(supports_rate(300, 0.1));
  EXPECT_TRUE(supports_rate(30'000'000, 1e-6));
  EXPECT_FALSE(supports_rate(0, 1e-6));
}

}  // namespace
}  // namespace facerec::test
