#include <set>

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

std::vector<Pair> runs(size_t same, size_t different) {
  std::vector<Pair> pairs(same, {0, 1, true});
  pairs.resize(same + different, {0, 1, false});
  return pairs;
}

TEST(ContiguousFolds, FirstFoldsTakeTheRemainder) {
  EXPECT_THAT(contiguous_folds(7, 3), testing::ElementsAre(0, 0, 0, 1, 1, 2, 2));
  EXPECT_THROW(contiguous_folds(2, 3), Error);
  EXPECT_THROW(contiguous_folds(2, 1), Error);
  EXPECT_THROW(contiguous_folds(1'000'000, 70'000), Error);
}

TEST(InterleavedFolds, AlternateTheKinds) {
  EXPECT_THAT(interleaved_folds(runs(4, 4), 4), testing::ElementsAre(0, 1, 2, 3, 0, 1, 2, 3));
  EXPECT_THAT(interleaved_folds(runs(3, 0), 3), testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(interleaved_folds(runs(0, 3), 3), testing::ElementsAre(0, 1, 2));
}

TEST(InterleavedFolds, HoldBothKindsOfAnUnequalList) {
  for (const auto& [same, different] : {std::pair{100, 1000}, {1000, 100}, {299, 301}, {20, 5000}}) {
    const auto pairs = runs(static_cast<size_t>(same), static_cast<size_t>(different));
    const auto fold = interleaved_folds(pairs);
    std::set<std::pair<int, bool>> seen;
    for (size_t i = 0; i < pairs.size(); ++i) seen.insert({fold[i], pairs[i].same});
    EXPECT_EQ(seen.size(), 20U) << same << ' ' << different;
  }
}

TEST(WilsonInterval, KnownValues) {
  // Closed forms with z = 1.95996: n / (n + z²) at p = 1, and ½ ± z / (2 √(n + z²)) at p = ½.
  const Interval perfect = wilson_interval(1, 6000);
  EXPECT_NEAR(perfect.low, 0.99936017, 1e-8);
  EXPECT_EQ(perfect.high, 1);
  const Interval half = wilson_interval(0.5, 10);
  EXPECT_NEAR(half.low, 0.23659309, 1e-8);
  EXPECT_NEAR(half.high, 0.76340691, 1e-8);
}

// arcface_torch's loops, as they stand: all thresholds, all folds, one comparison each.
KFoldAccuracy by_loops(const PairScores& scores, const std::vector<uint16_t>& fold, int folds) {
  KFoldAccuracy result;
  for (int f = 0; f < folds; ++f) {
    int best = -1, best_threshold = 0, test_correct = 0, test_count = 0;
    for (int t = 0; t < 400; ++t) {
      int training = 0, test = 0;
      test_count = 0;
      for (size_t i = 0; i < fold.size(); ++i) {
        const bool correct = (scores.squared_l2[i] < t * 0.01) == (scores.same[i] != 0);
        (fold[i] == f ? test : training) += correct;
        test_count += fold[i] == f;
      }
      if (training > best) best = training, best_threshold = t, test_correct = test;
    }
    result.accuracy.push_back(static_cast<double>(test_correct) / test_count);
    result.threshold.push_back(best_threshold * 0.01);
  }
  return result;
}

TEST(KFoldAccuracy, EqualsThePlainLoops) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    PairScores scores = normal_scores(150, 3, seed);
    // Distances on the thresholds themselves, and just beside them.
    for (size_t i = 0; i < scores.squared_l2.size(); i += 3) {
      const double on = std::round(scores.squared_l2[i] * 100) * 0.01;
      scores.squared_l2[i] = i % 2 == 0 ? on : std::nextafter(on, i % 4 == 1 ? 0.0 : 4.0);
    }
    scores.squared_l2[0] = 0;
    scores.squared_l2[1] = 4;
    scores.squared_l2[2] = 3.99;
    const auto fold = contiguous_folds(300, 7);
    const KFoldAccuracy ours = kfold_accuracy(scores.squared_l2, scores.same, fold);
    const KFoldAccuracy loops = by_loops(scores, fold, 7);
    EXPECT_EQ(ours.accuracy, loops.accuracy);
    EXPECT_EQ(ours.threshold, loops.threshold);
    EXPECT_LE(ours.ci95.low, ours.mean);
    EXPECT_GE(ours.ci95.high, ours.mean);
  }
}

// FaceX-Zoo's way: the thresholds of each fold lie between the smallest and the largest distance of the others.
KFoldAccuracy by_loops_of_distances(const PairScores& scores, const std::vector<uint16_t>& fold, int folds) {
  KFoldAccuracy result;
  for (int f = 0; f < folds; ++f) {
    double low = 1e9, high = 0;
    for (size_t i = 0; i < fold.size(); ++i) {
      if (fold[i] == f) continue;
      low = std::min(low, scores.distance[i]);
      high = std::max(high, scores.distance[i]);
    }
    int best = -1, test_correct = 0, test_count = 0;
    double best_threshold = 0;
    for (int t = 0; t < 1000; ++t) {
      const double threshold = low + t * ((high - low) / 999);
      int training = 0, test = 0;
      test_count = 0;
      for (size_t i = 0; i < fold.size(); ++i) {
        const bool correct = (scores.distance[i] < threshold) == (scores.same[i] != 0);
        (fold[i] == f ? test : training) += correct;
        test_count += fold[i] == f;
      }
      if (training > best) best = training, best_threshold = threshold, test_correct = test;
    }
    result.accuracy.push_back(static_cast<double>(test_correct) / test_count);
    result.threshold.push_back(best_threshold);
  }
  return result;
}

TEST(KFoldAccuracy, OfDistancesEqualsThePlainLoops) {
  PairScores scores = normal_scores(150, 3, 11);
  for (double& distance : scores.distance) distance *= 20;  // of embeddings that are not normalised
  const auto fold = contiguous_folds(300, 7);
  const KFoldAccuracy ours = kfold_accuracy_of_distances(scores.distance, scores.same, fold);
  const KFoldAccuracy loops = by_loops_of_distances(scores, fold, 7);
  EXPECT_EQ(ours.accuracy, loops.accuracy);
  EXPECT_EQ(ours.threshold, loops.threshold);
}

TEST(KFoldAccuracy, OfDistancesMayBeConstantOrInfinite) {
  const std::vector<uint8_t> same = {1, 0, 1, 0};
  const auto fold = contiguous_folds(4, 2);
  EXPECT_EQ(kfold_accuracy_of_distances(std::vector<double>{2, 2, 2, 2}, same, fold).mean, 0.5);
  EXPECT_EQ(kfold_accuracy_of_distances(std::vector<double>(4, INFINITY), same, fold).mean, 0.5);
  const std::vector<double> one_failed = {1, 3, 1, INFINITY, 1, 3};
  const std::vector<uint8_t> kinds = {1, 0, 1, 0, 1, 0};
  EXPECT_EQ(kfold_accuracy_of_distances(one_failed, kinds, contiguous_folds(6, 3)).mean, 1);
}

TEST(KFoldAccuracy, ChecksItsInput) {
  const std::vector<double> d = {0.1, 0.2, 0.3};
  const std::vector<uint8_t> same = {1, 0, 1};
  using Folds = std::vector<uint16_t>;
  EXPECT_THROW(kfold_accuracy(d, same, Folds{0, 0, 0}), Error);
  EXPECT_THROW(kfold_accuracy(d, same, Folds{0, 2, 2}), Error);
  EXPECT_THROW(kfold_accuracy(d, same, Folds{0, 1}), Error);
  EXPECT_THROW(kfold_accuracy({}, {}, {}), Error);
  EXPECT_THROW(kfold_accuracy(std::vector<double>{0.1, NAN, 0.3}, same, Folds{0, 1, 1}), Error);
  EXPECT_NO_THROW(kfold_accuracy(d, same, Folds{1, 0, 1}));
}

TEST(ValAtFar, ThresholdIsZeroWhereTheFarIsNeverReached) {
  const std::vector<double> d = {0.5, 5, 0.5, 5};
  const auto val = val_at_far(d, std::vector<uint8_t>{1, 0, 1, 0}, contiguous_folds(4, 2));
  ASSERT_TRUE(val.has_value());
  EXPECT_EQ(val->mean, 0);
  EXPECT_EQ(val->far, 0);
}

TEST(ValAtFar, InterpolatesBetweenTheLevels) {
  // Both folds: FAR 0 up to threshold 1.000, 1 from 1.001; half way lies at 1.0005.
  const std::vector<double> d = {1.0004, 1.0003, 1.0006, 1.0003};
  const auto val = val_at_far(d, std::vector<uint8_t>{1, 0, 1, 0}, contiguous_folds(4, 2), 0.5);
  ASSERT_TRUE(val.has_value());
  EXPECT_EQ(val->mean, 0.5);
  EXPECT_EQ(val->far, 1);
}

TEST(Verification, TakesFoldsInAnyOrder) {
  const PairScores scores = normal_scores(100, 3, 9);
  std::vector<uint16_t> fold = contiguous_folds(200);
  const KFoldAccuracy before = kfold_accuracy(scores.squared_l2, scores.same, fold);
  for (uint16_t& number : fold) number = static_cast<uint16_t>(9 - number);
  KFoldAccuracy reversed = kfold_accuracy(scores.squared_l2, scores.same, fold);
  std::ranges::reverse(reversed.accuracy);
  EXPECT_EQ(before.accuracy, reversed.accuracy);
}

}  // namespace
}  // namespace facerec::test
