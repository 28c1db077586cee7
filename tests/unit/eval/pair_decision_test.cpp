#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using Kind = ThresholdRule::Kind;

// Distances as Triarchy's network gives them, and their cosines in the same order of closeness.
PairScores four_pairs() {
  return {.cosine = {0.9, 0.1, 0.4, 0.8},
          .squared_l2 = {0.2, 1.8, 1.2, 0.4},
          .distance = {1, 9, 5, 2},
          .same = {1, 0, 1, 1}};
}

TEST(Predict, MedianIsThatOfNumPy) {
  const PairScores scores = four_pairs();
  const Predictions by_distance = predict(scores, PairScore::euclidean, {.kind = Kind::median});
  EXPECT_EQ(by_distance.threshold, 3.5);
  EXPECT_THAT(by_distance.same, testing::ElementsAre(1, 0, 0, 1));
  const Predictions by_cosine = predict(scores, PairScore::cosine, {.kind = Kind::median});
  EXPECT_NEAR(by_cosine.threshold, 0.6, 1e-15);
  EXPECT_EQ(by_cosine.same, by_distance.same);
}

TEST(Predict, DifferentIsAboveTheMedian) {  // Triarchy's rule: the middle one of an odd number is the same
  PairScores scores = four_pairs();
  scores.distance.pop_back();
  EXPECT_THAT(predict(scores, PairScore::euclidean, {.kind = Kind::median}).same, testing::ElementsAre(1, 0, 1));
}

TEST(Predict, PairsThatCouldNotBeComparedNeverMatch) {
  PairScores scores = four_pairs();
  scores.cosine[0] = -1;
  scores.distance[0] = INFINITY;
  const Predictions by_distance = predict(scores, PairScore::euclidean, {.kind = Kind::median});
  EXPECT_EQ(by_distance.threshold, 5);
  EXPECT_THAT(by_distance.same, testing::ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(predict(scores, PairScore::cosine, {.kind = Kind::median}).threshold, 0.4);
}

TEST(Predict, TakesTheThresholdGiven) {
  const PairScores scores = four_pairs();
  EXPECT_THAT(predict(scores, PairScore::cosine, parse_threshold_rule("0.4")).same, testing::ElementsAre(1, 0, 1, 1));
  EXPECT_THAT(predict(scores, PairScore::euclidean, parse_threshold_rule("2")).same, testing::ElementsAre(1, 0, 0, 1));
  EXPECT_THROW(predict(scores, PairScore::cosine, {}), Error);
  EXPECT_THROW(predict({}, PairScore::cosine, {.kind = Kind::median}), Error);
}

TEST(ThresholdRuleNames, AreRead) {
  EXPECT_EQ(parse_threshold_rule("kfold").kind, Kind::kfold);
  EXPECT_EQ(parse_threshold_rule("median").kind, Kind::median);
  EXPECT_EQ(parse_threshold_rule("-0.25").value, -0.25);
  for (const char* text : {"", "mean", "0.5x", "nan", "inf", "1e999"}) EXPECT_THROW(parse_threshold_rule(text), Error);
  for (const PairScore score : {PairScore::cosine, PairScore::euclidean}) {
    EXPECT_EQ(parse_pair_score(to_string(score)), score);
  }
  EXPECT_THROW(parse_pair_score("l2"), Error);
}

TEST(WorstPairs, AreThoseFarthestOnTheWrongSide) {
  const PairScores scores{.cosine = {0.9, 0.1, 0.2, 0.8, 0.7, 0.3, -1},
                          .squared_l2 = {},
                          .distance = {1, 1, 1, 1, 1, 1, INFINITY},
                          .same = {0, 1, 1, 0, 0, 0, 1}};
  const WorstPairs worst = worst_pairs(scores, 0.5, 2);
  EXPECT_THAT(worst.false_matches, testing::ElementsAre(0, 3));
  EXPECT_THAT(worst.false_nonmatches, testing::ElementsAre(1, 2));
  EXPECT_TRUE(worst_pairs(scores, 0.5, 0).false_matches.empty());
  EXPECT_EQ(worst_pairs(scores, 0.5, 100).false_matches.size(), 3U);
}

}  // namespace
}  // namespace facerec::test
