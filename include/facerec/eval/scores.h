// From embeddings to pair scores: the step that every verification protocol shares.
//
// A score is computed in double from float embeddings of unit length: the cosine (higher is closer) and the squared L2
// distance of the two unit vectors (lower is closer; 2 − 2·cosine unless a vector is zero).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/data/pairs.h"

namespace facerec {

// What an image and its mirror image become:
// no_flip: the image's embedding alone;
// flip_sum: the sum of the two raw embeddings (arcface_torch);
// flip_concat: the two raw embeddings one after the other (face.evoLVe, AdaFace's tables).
// The result is divided by its L2 norm; a zero vector stays zero.
enum class EmbeddingRule { no_flip, flip_sum, flip_concat };

std::string to_string(EmbeddingRule rule);
EmbeddingRule parse_embedding_rule(std::string_view name);  // throws Error (usage) that lists the names

// [images, dimension] row-major, raw (not normalised). `flipped` is the same for the mirrored images; it may be empty
// under no_flip.
struct Embeddings {
  size_t dimension = 0;
  std::span<const float> original, flipped = {};
};

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
