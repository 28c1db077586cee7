#include "facerec/eval/verification.h"

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

std::vector<float> random_rows(size_t rows, size_t dimension) {
  Random random("rows", {rows});
  std::vector<float> result(rows * dimension);
  for (float& value : result) value = static_cast<float>(random.normal(0, 5));
  return result;
}

struct Example {
  std::vector<float> rows = random_rows(400, 8);
  std::vector<Pair> pairs = {};
  std::vector<uint16_t> fold = {};

  Example() {
    for (uint32_t i = 0; i < 200; ++i) pairs.push_back({2 * i, 2 * i + 1, i % 2 == 0});
    fold = contiguous_folds(200);
  }
  VerificationResult evaluate(const VerificationOptions& options) const {
    return evaluate_verification({8, rows}, pairs, fold, options);
  }
};

TEST(Verification, EuclideanIsOfTheDistanceOfRawEmbeddings) {
  const Example example;
  const auto result = example.evaluate({.rule = EmbeddingRule::no_flip,
                                        .score = PairScore::euclidean,
                                        .threshold = {.kind = ThresholdRule::Kind::median}});
  std::vector<double> distance, negative;
  std::vector<uint8_t> same;
  for (size_t i = 0; i < 200; ++i) {
    double squares = 0;
    for (size_t k = 0; k < 8; ++k)
      squares += std::pow(double{example.rows[16 * i + k]} - double{example.rows[16 * i + 8 + k]}, 2);
    distance.push_back(std::sqrt(squares));
    negative.push_back(-distance.back());
    same.push_back(example.pairs[i].same);
  }
  EXPECT_NEAR(result.auc.value(), area_under(roc_curve(negative, same).value()), 1e-12);
  EXPECT_EQ(result.accuracy.accuracy, kfold_accuracy_of_distances(distance, same, example.fold).accuracy);
  EXPECT_FALSE(result.val.has_value());
  EXPECT_NEAR(result.distribution.high, *std::ranges::max_element(distance), 1e-9);
  std::ranges::sort(distance);
  ASSERT_TRUE(result.fixed.has_value());
  EXPECT_NEAR(result.fixed->threshold, (distance[99] + distance[100]) / 2, 1e-12);
  EXPECT_TRUE(result.fixed->from_test_scores);
  // Half of all pairs are accepted: what is wrong of one kind is wrong of the other.
  EXPECT_EQ(result.fixed->rates.fmr, result.fixed->rates.fnmr);
  EXPECT_NEAR(result.fixed->accuracy, 1 - *result.fixed->rates.fmr, 1e-15);
}

TEST(Verification, GivenThresholdStandsBesideTheFolds) {
  const Example example;
  const auto result = example.evaluate({.rule = EmbeddingRule::no_flip, .threshold = parse_threshold_rule("0.2")});
  const PairScores scores = score_pairs({8, example.rows}, example.pairs, EmbeddingRule::no_flip);
  const ErrorRates rates = error_rates(scores.cosine, scores.same, 0.2);
  EXPECT_EQ(result.fixed.value().rates.fmr, rates.fmr);
  EXPECT_EQ(result.fixed->rates.fnmr, rates.fnmr);
  EXPECT_FALSE(result.fixed->from_test_scores);
  EXPECT_FALSE(example.evaluate({.rule = EmbeddingRule::no_flip}).fixed.has_value());
}

TEST(Verification, FailedImagesMakePairsThatNeverMatch) {
  Example example;
  for (size_t i = 0; i < 400; i += 2) {  // same pairs are alike
    if (i % 4 == 0)
      std::copy_n(example.rows.begin() + static_cast<long>(8 * i), 8,
                  example.rows.begin() + static_cast<long>(8 * i + 8));
  }
  std::vector<uint8_t> failed(400);
  failed[0] = failed[1] = failed[2] = 1;
  example.rows[0] = NAN;  // whatever such a row holds
  const PairScores scores = score_pairs({8, example.rows}, example.pairs, EmbeddingRule::no_flip, failed);
  EXPECT_EQ(scores.failed_images, 3U);
  EXPECT_EQ(scores.failed_pairs, 2U);
  const auto result = evaluate_verification(scores, example.pairs, example.fold, {.rule = EmbeddingRule::no_flip});
  EXPECT_EQ(result.fmr.front().fnmr, 0.01);  // the one same pair of 100 that failed
  EXPECT_DOUBLE_EQ(result.accuracy.mean, 0.995);
  EXPECT_NEAR(result.distribution.same_moments.value().mean, 1, 1e-12);
  EXPECT_THAT(result.notes, testing::Contains("3 of 400 images could not be processed: their 2 pairs count as "
                                              "non-matches (ISO/IEC 19795-1)"));
  const auto by_distance = evaluate_verification(scores, example.pairs, example.fold, {.score = PairScore::euclidean});
  EXPECT_DOUBLE_EQ(by_distance.accuracy.mean, 0.995);
  EXPECT_EQ(by_distance.fmr.front().fnmr, 0.01);
}

TEST(Verification, PerfectScoresTellHowLittleTheyProve) {
  Example example;
  for (uint32_t i = 0; i < 200; ++i) {
    for (size_t k = 0; k < 16; ++k) example.rows[16 * i + k] = k == 0 || k == (i % 2 == 0 ? 8U : 9U) ? 1 : 0;
  }
  EXPECT_THAT(example.evaluate({.rule = EmbeddingRule::no_flip}).notes,
              testing::ElementsAre("at FAR 1e-1 and below: no false match among 100 different pairs bounds the FMR at "
                                   "0.03 (95 %, rule of three)",
                                   "where FNMR is 0: no false non-match among 100 same pairs bounds the FNMR at 0.03 "
                                   "(95 %, rule of three)"));
}

TEST(Verification, OrderWithinAFoldDoesNotMatter) {
  const Example example;
  Example reordered = example;
  for (size_t fold = 0; fold < 10; ++fold) {
    std::ranges::reverse(std::span(reordered.pairs).subspan(20 * fold, 20));
  }
  const auto one = example.evaluate({.rule = EmbeddingRule::no_flip});
  const auto other = reordered.evaluate({.rule = EmbeddingRule::no_flip});
  EXPECT_EQ(one.accuracy.accuracy, other.accuracy.accuracy);
  EXPECT_EQ(one.val.value().mean, other.val.value().mean);
  EXPECT_EQ(one.auc, other.auc);
  EXPECT_EQ(one.eer, other.eer);
}

TEST(Verification, BootstrapsWhenAsked) {
  const Example example;
  const auto result = example.evaluate({.rule = EmbeddingRule::no_flip, .bootstrap = {.replicates = 10}});
  EXPECT_EQ(result.bootstrap.values.size(), std::size(bootstrap_figures));
  EXPECT_EQ(result.bootstrap.values.front().size(), 10U);
  EXPECT_TRUE(example.evaluate({.rule = EmbeddingRule::no_flip}).bootstrap.empty());
  const auto too_many =
      example.evaluate({.rule = EmbeddingRule::no_flip, .bootstrap = {.replicates = 10, .most_pairs = 199}});
  EXPECT_TRUE(too_many.bootstrap.empty());
  EXPECT_THAT(too_many.notes, testing::Contains(testing::HasSubstr("not resampled")));
}

}  // namespace
}  // namespace facerec::test
