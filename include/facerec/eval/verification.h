// The whole 1:1 evaluation of one model on one set of pairs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/eval/kfold.h"
#include "facerec/eval/roc.h"
#include "facerec/eval/scores.h"

namespace facerec {

// The FMR at which TAR and FNMR are given.
inline constexpr double fmr_targets[] = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};

struct VerificationResult {
  EmbeddingRule rule = EmbeddingRule::flip_sum;
  uint64_t pairs = 0, same = 0, different = 0;
  uint64_t missing_pairs = 0;  // that the list names but were left out, as their images are absent or broken

  KFoldAccuracy accuracy;           // on squared L2, with thresholds from the other folds
  std::optional<ValAtFar> val;      // at FAR 1e-3; see val_at_far()
  std::optional<Roc> roc;           // on the cosine over all pairs; nullopt when one kind of pair is missing
  std::optional<double> auc, eer;   // undefined with `roc`
  std::vector<OperatingPoint> fmr;  // for fmr_targets; empty when undefined

  double mean_norm = 0;            // see PairScores
  size_t zero_embeddings = 0;      // see PairScores
  std::vector<std::string> notes;  // what a reader must know: why a figure is undefined, zero embeddings
};

// `fold`: one fold number a pair (interleaved_folds() where the data set has none). Throws as score_pairs() and
// kfold_accuracy() do.
VerificationResult evaluate_verification(const Embeddings& embeddings, std::span<const Pair> pairs,
                                         std::span<const uint16_t> fold, EmbeddingRule rule = EmbeddingRule::flip_sum);

// The same from scores that were computed elsewhere.
VerificationResult evaluate_verification(const PairScores& scores, std::span<const uint16_t> fold, EmbeddingRule rule);

}  // namespace facerec
