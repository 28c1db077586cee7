#include "facerec/eval/groups.h"

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

// Groups a and b, of two same and two different pairs each, one pair across, one with an image of no group.
struct Example {
  std::vector<std::string> group_of = {"a", "a", "b", "b", ""};
  std::vector<Pair> pairs = {{0, 1, true}, {0, 1, true},  {0, 1, false}, {0, 1, false}, {2, 3, true},
                             {2, 3, true}, {2, 3, false}, {2, 3, false}, {1, 2, false}, {3, 4, false}};
  PairScores scores = {.cosine = {0.9, 0.8, 0.1, 0.6, 0.7, 0.2, 0.6, 0.7, 0.9, 0.9},
                       .squared_l2 = {},
                       .distance = {},
                       .same = {1, 1, 0, 0, 1, 1, 0, 0, 0, 0}};
};

TEST(Groups, RatesAtOneThreshold) {
  const Example example;
  const GroupReport report = evaluate_groups(example.scores, example.pairs, example.group_of, 0.5);
  ASSERT_EQ(report.groups.size(), 2U);
  const GroupRates &a = report.groups[0], &b = report.groups[1];
  EXPECT_EQ(a.group, "a");
  EXPECT_EQ(a.same, 2U);
  EXPECT_EQ(a.different, 2U);
  EXPECT_EQ(a.rates.fmr, 0.5);
  EXPECT_EQ(a.rates.fnmr, 0);
  EXPECT_EQ(b.rates.fmr, 1);
  EXPECT_EQ(b.rates.fnmr, 0.5);
  EXPECT_EQ(b.fnmr_ci95.value().low, wilson_interval(0.5, 2).low);
  EXPECT_EQ(report.across, 1U);
  EXPECT_EQ(report.ungrouped, 1U);
  EXPECT_EQ(report.threshold_source, "given");
}

TEST(Groups, SpreadIsTheLargestByTheOthers) {
  const Example example;
  const GroupReport report = evaluate_groups(example.scores, example.pairs, example.group_of, 0.5);
  EXPECT_EQ(report.fmr.largest_by_smallest, 2);
  EXPECT_NEAR(report.fmr.largest_by_geometric_mean.value(), std::sqrt(2), 1e-12);  // 1 / √(0.5 · 1)
  EXPECT_EQ(report.fnmr.largest_by_smallest, INFINITY);
  EXPECT_FALSE(report.fnmr.largest_by_geometric_mean.has_value());
}

TEST(Groups, TellOfMissingKinds) {
  Example example;
  for (size_t i = 4; i < 6; ++i) example.pairs[i].same = false, example.scores.same[i] = 0;
  const GroupReport report = evaluate_groups(example.scores, example.pairs, example.group_of, 0.5);
  EXPECT_FALSE(report.groups[1].rates.fnmr.has_value());
  EXPECT_FALSE(report.groups[1].fnmr_ci95.has_value());
  EXPECT_THAT(report.notes, testing::ElementsAre("group b has no same pairs: no FNMR"));
  EXPECT_FALSE(report.fnmr.largest_by_smallest.has_value());  // of one group
}

TEST(Groups, ThresholdIsThatOfTheSmallestSupportedFmr) {
  const auto with = [](size_t count) {
    const PairScores scores = normal_scores(count, 3, 1);
    const auto pairs = row_pairs(scores.same);
    const std::vector<std::string> groups(2 * pairs.size(), "all");
    const GroupReport report = evaluate_groups(scores, pairs, groups, std::nullopt);
    const Roc roc = roc_curve(scores.cosine, scores.same).value();
    return std::pair(report, roc);
  };
  const auto [few, few_roc] = with(3000);
  EXPECT_EQ(few.threshold_source, "FMR 1e-2 of all pairs");
  EXPECT_EQ(few.threshold, fnmr_at_fmr(few_roc, 1e-2).threshold);
  const auto [many, many_roc] = with(30000);
  EXPECT_EQ(many.threshold_source, "FMR 1e-3 of all pairs");
  EXPECT_EQ(many.threshold, fnmr_at_fmr(many_roc, 1e-3).threshold);
}

TEST(Groups, RefuseWhatDoesNotFit) {
  Example example;
  const auto run = [&](std::optional<double> threshold) {
    return evaluate_groups(example.scores, example.pairs, example.group_of, threshold);
  };
  EXPECT_NO_THROW(run(std::nullopt));
  example.group_of.assign(5, "");
  EXPECT_THROW(run(0.5), Error);
  example.group_of.resize(4);
  EXPECT_THROW(run(0.5), Error);
  example.group_of.resize(5, "a");
  example.scores.same.assign(10, 0);
  EXPECT_THROW(run(std::nullopt), Error);
  example.scores.cosine.pop_back();
  EXPECT_THROW(run(0.5), Error);
}

}  // namespace
}  // namespace facerec::test
