// From embeddings to pair scores: the step that every verification protocol shares.
//
// A score is computed in double from float embeddings of unit length: the cosine (higher is closer) and the squared L2
// distance of the two unit vectors (lower is closer; 2 − 2·cosine unless a vector is zero).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/infer/embeddings.h"

namespace facerec {

// What pairs are compared by. cosine: of unit embeddings. euclidean: the L2 distance of embeddings that are not
// normalised (Triarchy).
enum class PairScore { cosine, euclidean };
std::string to_string(PairScore score);
PairScore parse_pair_score(std::string_view name);  // throws Error (usage) that lists the names

// One entry a pair, in the order of the pairs.
struct PairScores {
  std::vector<double> cosine = {};      // [−1, 1]; 0 when a vector is zero
  std::vector<double> squared_l2 = {};  // [0, 4]; 1 when one vector is zero
  std::vector<double> distance = {};    // L2 of the embeddings by the rule, not normalised; ≥ 0
  std::vector<uint8_t> same = {};       // 1 or 0

  // Mean L2 norm of all raw rows given, both flips (arcface_torch's XNorm); sets that hold an image once for every pair
  // count it as often.
  double mean_norm = 0;
  size_t zero_embeddings = 0;  // rows of zero length after the rule: a dead model or a bad import
  size_t images = 0, failed_images = 0, failed_pairs = 0;  // see score_pairs()

  // Whether both images of a pair could be processed.
  bool compared(size_t pair) const { return distance.empty() || std::isfinite(distance[pair]); }
  // `score` so that higher is closer: the cosine, or the negative distance.
  std::vector<double> similarity(PairScore score) const;
};

// `failed`: one entry an image, 1 where it could not be processed (no face was found); empty: none. Pairs of such
// images never match: their cosine is −1, the squared L2 distance 4, the distance +infinity, as a failure to acquire
// counts (ISO/IEC 19795-1: in the false rejects, not in the false accepts). What their rows hold does not matter.
// Throws Error that names the row when an embedding holds NaN or an infinity, that names the pair when it points beyond
// the rows, and when the sizes do not fit each other or the rule.
PairScores score_pairs(const Embeddings& embeddings, std::span<const Pair> pairs, EmbeddingRule rule,
                       std::span<const uint8_t> failed = {});

}  // namespace facerec
