// From embeddings to pair scores: the step that every verification protocol shares.
//
// A score is computed in double from float embeddings of unit length: the cosine (higher is closer) and the squared L2
// distance of the two unit vectors (lower is closer; 2 − 2·cosine unless a vector is zero).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/infer/embeddings.h"

namespace facerec {

// One entry a pair, in the order of the pairs.
struct PairScores {
  std::vector<double> cosine;      // [−1, 1]; 0 when a vector is zero
  std::vector<double> squared_l2;  // [0, 4]; 1 when one vector is zero
  std::vector<uint8_t> same;       // 1 or 0

  // Mean L2 norm of all raw rows given, both flips (arcface_torch's XNorm); sets that hold an image once for every pair
  // count it as often.
  double mean_norm = 0;
  size_t zero_embeddings = 0;  // rows of zero length after the rule: a dead model or a bad import
};

// Throws Error that names the row when an embedding holds NaN or an infinity, that names the pair when it points beyond
// the rows, and when the sizes do not fit each other or the rule.
PairScores score_pairs(const Embeddings& embeddings, std::span<const Pair> pairs, EmbeddingRule rule);

}  // namespace facerec
