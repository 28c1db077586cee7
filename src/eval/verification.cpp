#include "facerec/eval/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/failures.h"

namespace facerec {
namespace {

double largest_distance(const PairScores& scores) {
  double largest = 0;
  for (const double distance : scores.distance) {
    if (std::isfinite(distance)) largest = std::max(largest, distance);
  }
  return largest;
}

ScoreDistribution distribution_of(const PairScores& scores, PairScore score) {
  if (score == PairScore::euclidean) {
    const double largest = largest_distance(scores);
    return score_distribution(scores.distance, scores.same, 0, largest > 0 ? largest : 1);
  }
  if (scores.failed_pairs == 0) return score_distribution(scores.cosine, scores.same);
  std::vector<double> cosine = scores.cosine;
  for (size_t i = 0; i < cosine.size(); ++i) {
    if (!scores.compared(i)) cosine[i] = std::numeric_limits<double>::infinity();  // left out
  }
  return score_distribution(cosine, scores.same);
}

FixedThreshold decide(const PairScores& scores, const VerificationOptions& options) {
  const Predictions predictions = predict(scores, options.score, options.threshold);
  FixedThreshold fixed{.threshold = predictions.threshold,
                       .from_test_scores = options.threshold.kind == ThresholdRule::Kind::median};
  size_t correct = 0;
  for (size_t i = 0; i < scores.same.size(); ++i) correct += (predictions.same[i] != 0) == (scores.same[i] != 0);
  fixed.accuracy = static_cast<double>(correct) / static_cast<double>(scores.same.size());
  fixed.rates = error_rates(scores.similarity(options.score), scores.same,
                            options.score == PairScore::cosine ? fixed.threshold : -fixed.threshold);
  return fixed;
}

void add_notes(VerificationResult& result, const VerificationOptions& options, size_t images) {
  if (result.score == PairScore::cosine && !result.val) {
    result.notes.emplace_back(
        "a fold, or the rest of one, has no same or no different pairs: VAL at FAR 1e-3 is undefined");
  }
  if (result.fixed && result.fixed->from_test_scores) {
    result.notes.emplace_back(
        "the median threshold was taken from the scores that it is tested on: an optimistic accuracy");
  }
  if (options.bootstrap.replicates > 0 && result.pairs > options.bootstrap.most_pairs) {
    result.notes.push_back(
        fmt::format("more than {} pairs are not resampled: no intervals by bootstrap", options.bootstrap.most_pairs));
  }
  if (result.failed_images > 0) {
    result.notes.push_back(failure_note(result.failed_images, images, "images", result.failed_pairs));
  }
  if (result.zero_embeddings > 0) {
    result.notes.push_back(fmt::format("{} embeddings are zero: their pairs have cosine 0 and squared L2 distance 1",
                                       result.zero_embeddings));
  }
}

}  // namespace

VerificationResult evaluate_verification(const PairScores& scores, std::span<const Pair> pairs,
                                         std::span<const uint16_t> fold, const VerificationOptions& options) {
  VerificationResult result;
  result.rule = options.rule;
  result.score = options.score;
  result.pairs = scores.same.size();
  result.different = static_cast<uint64_t>(std::ranges::count(scores.same, 0));
  result.same = result.pairs - result.different;
  result.failed_images = scores.failed_images;
  result.failed_pairs = scores.failed_pairs;
  result.mean_norm = scores.mean_norm;
  result.zero_embeddings = scores.zero_embeddings;
  if (options.score == PairScore::cosine) {
    result.accuracy = kfold_accuracy(scores.squared_l2, scores.same, fold);
    result.val = val_at_far(scores.squared_l2, scores.same, fold);
  } else {
    result.accuracy = kfold_accuracy_of_distances(scores.distance, scores.same, fold);
  }
  result.distribution = distribution_of(scores, options.score);
  if (options.threshold.kind != ThresholdRule::Kind::kfold) result.fixed = decide(scores, options);
  if (options.bootstrap.replicates > 0) {
    result.bootstrap = bootstrap(scores, pairs, fold, options.identity, options.bootstrap, options.score);
  }
  fill_figures(result, roc_curve(scores.similarity(options.score), scores.same));
  add_notes(result, options, scores.images);
  return result;
}

VerificationResult evaluate_verification(const Embeddings& embeddings, std::span<const Pair> pairs,
                                         std::span<const uint16_t> fold, const VerificationOptions& options) {
  return evaluate_verification(score_pairs(embeddings, pairs, options.rule), pairs, fold, options);
}

}  // namespace facerec
