#include "facerec/eval/verification.h"

#include <algorithm>

namespace facerec {
namespace {

std::vector<std::string> notes_of(const VerificationResult& result) {
  std::vector<std::string> notes;
  if (!result.roc) {
    notes.push_back(std::string("there are no ") + (result.different == 0 ? "different" : "same") +
                    " pairs: AUC, EER, TAR and FNMR at a wanted FAR are undefined");
  }
  if (!result.val) {
    notes.emplace_back("a fold, or the rest of one, has no same or no different pairs: VAL at FAR 1e-3 is undefined");
  }
  if (result.zero_embeddings > 0) {
    notes.push_back(std::to_string(result.zero_embeddings) +
                    " embeddings are zero: their pairs have cosine 0 and squared L2 distance 1");
  }
  return notes;
}

}  // namespace

VerificationResult evaluate_verification(const PairScores& scores, std::span<const uint16_t> fold, EmbeddingRule rule) {
  VerificationResult result;
  result.rule = rule;
  result.pairs = scores.same.size();
  result.different = static_cast<uint64_t>(std::ranges::count(scores.same, 0));
  result.same = result.pairs - result.different;
  result.accuracy = kfold_accuracy(scores.squared_l2, scores.same, fold);
  result.val = val_at_far(scores.squared_l2, scores.same, fold);
  result.roc = roc_curve(scores.cosine, scores.same);
  if (result.roc) {
    result.auc = area_under(*result.roc);
    result.eer = equal_error_rate(*result.roc);
    for (double target : fmr_targets) result.fmr.push_back(fnmr_at_fmr(*result.roc, target));
  }
  result.mean_norm = scores.mean_norm;
  result.zero_embeddings = scores.zero_embeddings;
  result.notes = notes_of(result);
  return result;
}

VerificationResult evaluate_verification(const Embeddings& embeddings, std::span<const Pair> pairs,
                                         std::span<const uint16_t> fold, EmbeddingRule rule) {
  return evaluate_verification(score_pairs(embeddings, pairs, rule), fold, rule);
}

}  // namespace facerec
