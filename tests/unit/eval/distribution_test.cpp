#include "facerec/eval/distribution.h"

#include <numeric>

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using Labels = std::vector<uint8_t>;

TEST(ScoreDistribution, CountsEveryScoreOnce) {
  const PairScores scores = normal_scores(1000, 2, 1);
  const ScoreDistribution distribution = score_distribution(scores.cosine, scores.same);
  EXPECT_EQ(distribution.same.size(), 200U);
  EXPECT_EQ(std::reduce(distribution.same.begin(), distribution.same.end()), 1000U);
  EXPECT_EQ(std::reduce(distribution.different.begin(), distribution.different.end()), 1000U);
  EXPECT_NEAR(distribution.decidability.value(), 2, 0.2);  // the two laws are two deviations apart
}

TEST(ScoreDistribution, PutsTheEndsIntoTheOuterBins) {
  const ScoreDistribution d = score_distribution(std::vector<double>{-1, 1, -1.5, 2, 0}, Labels{1, 1, 1, 1, 1});
  EXPECT_EQ(d.same.front(), 2U);
  EXPECT_EQ(d.same.back(), 2U);
  EXPECT_EQ(d.same[100], 1U);
  EXPECT_FALSE(d.different_moments.has_value());
  EXPECT_FALSE(d.decidability.has_value());
}

TEST(ScoreDistribution, OfCountsIsThatOfScores) {
  PairScores scores = normal_scores(500, 2, 2);
  for (double& value : scores.cosine) value = std::round(value * 50) / 50;
  const ScoreDistribution one = score_distribution(scores.cosine, scores.same);
  const ScoreDistribution other = score_distribution(roc_curve(scores.cosine, scores.same).value());
  EXPECT_EQ(one.same, other.same);
  EXPECT_EQ(one.different, other.different);
  EXPECT_NEAR(one.same_moments.value().std, other.same_moments.value().std, 1e-12);
  EXPECT_NEAR(one.decidability.value(), other.decidability.value(), 1e-12);
}

TEST(ScoreDistribution, ConstantScoresHaveNoDecidability) {
  const ScoreDistribution d = score_distribution(std::vector<double>{0.1, 0.1, 0.1, 0.7}, Labels{1, 1, 1, 0});
  EXPECT_EQ(d.same_moments.value().std, 0);
  EXPECT_FALSE(d.decidability.has_value());
}

TEST(ScoreDistribution, LeavesOutWhatCouldNotBeCompared) {
  const ScoreDistribution d = score_distribution(std::vector<double>{2, INFINITY, 4}, Labels{1, 1, 1}, 0, 4);
  EXPECT_EQ(d.same_moments.value().mean, 3);
  EXPECT_EQ(std::reduce(d.same.begin(), d.same.end()), 2U);
  EXPECT_THROW(score_distribution(std::vector<double>{NAN}, Labels{1}), Error);
  EXPECT_THROW(score_distribution(std::vector<double>{1}, Labels{}), Error);
}

TEST(ErrorCurve, HoldsTheRatesAtItsThresholds) {
  const PairScores scores = normal_scores(300, 2, 3);
  const std::vector<ErrorCurvePoint> curve = error_curve(roc_curve(scores.cosine, scores.same).value());
  ASSERT_LE(curve.size(), 1001U);
  EXPECT_EQ(curve.front().threshold, 0);
  EXPECT_EQ(curve.front().fmr, 1);
  EXPECT_EQ(curve.back().fnmr, 1);
  for (size_t i = 0; i < curve.size(); ++i) {
    const ErrorRates rates = error_rates(scores.cosine, scores.same, 2 * curve[i].threshold - 1);
    EXPECT_EQ(curve[i].fmr, rates.fmr);
    EXPECT_EQ(curve[i].fnmr, rates.fnmr);
    EXPECT_TRUE(i == 0 || curve[i].fmr != curve[i - 1].fmr || curve[i].fnmr != curve[i - 1].fnmr);
  }
}

}  // namespace
}  // namespace facerec::test
