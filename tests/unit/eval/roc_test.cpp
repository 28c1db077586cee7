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
