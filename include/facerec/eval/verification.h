// The whole 1:1 evaluation of one model on one set of pairs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/eval/bootstrap.h"
#include "facerec/eval/comparison.h"
#include "facerec/eval/kfold.h"
#include "facerec/eval/scores.h"

namespace facerec {

// A decision at one threshold for all pairs: same when cosine ≥ threshold, or distance ≤ threshold. median: that of all
// pairs that could be compared, the mean of the middle two where their number is even; these are test scores, so that
// it is optimistic, and right only where half of the pairs are the same (Triarchy's rule: different when the distance
// is above the median).
struct ThresholdRule {
  enum class Kind { kfold, median, value } kind = Kind::kfold;
  double value = 0;  // of Kind::value: a cosine, or a distance
};
ThresholdRule parse_threshold_rule(std::string_view text);  // kfold | median | a number; throws Error (usage)

struct FixedThreshold {
  double threshold = 0;           // cosine, or distance under PairScore::euclidean
  bool from_test_scores = false;  // the median
  double accuracy = 0;
  ErrorRates rates = {};
};

// Under PairScore::euclidean, `roc` and its thresholds are of the negative distance, `distribution` is of the distance.
struct VerificationResult : ComparisonFigures {
  EmbeddingRule rule = EmbeddingRule::flip_sum;
  PairScore score = PairScore::cosine;
  uint64_t missing_pairs = 0;  // that the list names but were left out, as their images are absent or broken
  uint64_t failed_images = 0, failed_pairs = 0;  // that could not be processed: counted as pairs that never match

  KFoldAccuracy accuracy = {};               // on squared L2; if euclidean see kfold_accuracy_of_distances()
  std::optional<ValAtFar> val = {};          // at FAR 1e-3; see val_at_far(); nullopt if euclidean
  std::optional<FixedThreshold> fixed = {};  // where a rule other than kfold was asked for
  Bootstrap bootstrap = {};                  // empty unless it was asked for

  double mean_norm = 0;        // see PairScores
  size_t zero_embeddings = 0;  // see PairScores
};

struct VerificationOptions {
  EmbeddingRule rule = EmbeddingRule::flip_sum;
  PairScore score = PairScore::cosine;
  ThresholdRule threshold = {};
  BootstrapOptions bootstrap = {.replicates = 0};
  std::span<const uint32_t> identity = {};  // of the images, for the bootstrap; see bootstrap()
};

// Which pairs a model got most wrong: indices of different pairs by descending, of same pairs by ascending cosine, of
// those on the wrong side of `threshold` (cosine), `most` of each. Pairs that could not be compared are left out.
struct WorstPairs {
  std::vector<size_t> false_matches = {}, false_nonmatches = {};
};
WorstPairs worst_pairs(const PairScores& scores, double threshold, size_t most);

// Decisions without labels: same[i] for each pair. Throws a usage Error for ThresholdRule::Kind::kfold, which needs
// labels, and an Error for the median of no pairs.
struct Predictions {
  double threshold = 0;
  std::vector<uint8_t> same = {};
};
Predictions predict(const PairScores& scores, PairScore score, const ThresholdRule& rule);

// `fold`: one fold number a pair (interleaved_folds() where the data set has none). Throws as score_pairs() and
// kfold_accuracy() do.
VerificationResult evaluate_verification(const Embeddings& embeddings, std::span<const Pair> pairs,
                                         std::span<const uint16_t> fold, const VerificationOptions& options = {});

// The same from scores that were computed elsewhere.
VerificationResult evaluate_verification(const PairScores& scores, std::span<const Pair> pairs,
                                         std::span<const uint16_t> fold, const VerificationOptions& options);

}  // namespace facerec
