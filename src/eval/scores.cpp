#include "facerec/eval/scores.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "facerec/core/error.h"

namespace facerec {
namespace {

double squared_norm(std::span<const double> x) { return std::transform_reduce(x.begin(), x.end(), x.begin(), 0.0); }

double norm(std::span<const float> x) {
  return std::sqrt(std::transform_reduce(x.begin(), x.end(), 0.0, std::plus<>(), [](float value) {
    return static_cast<double>(value) * static_cast<double>(value);
  }));
}

void check_sizes(const Embeddings& e, EmbeddingRule rule) {
  if (e.dimension == 0 || e.original.size() % e.dimension != 0) {
    throw Error(std::to_string(e.original.size()) + " embedding values do not make rows of " +
                std::to_string(e.dimension));
  }
  const bool may_be_absent = rule == EmbeddingRule::no_flip && e.flipped.empty();
  if (!may_be_absent && e.flipped.size() != e.original.size()) {
    throw Error(to_string(rule) + " needs as many embeddings of flipped images (" + std::to_string(e.flipped.size()) +
                " values) as of the images (" + std::to_string(e.original.size()) + ")");
  }
}

// The mean norm of the raw rows; throws at a row that is not finite.
double checked_mean_norm(const Embeddings& e) {
  double total = 0;
  for (const auto& half : {e.original, e.flipped}) {
    for (size_t start = 0; start < half.size(); start += e.dimension) {
      const double length = norm(half.subspan(start, e.dimension));
      if (!std::isfinite(length)) {
        throw Error("the embedding of image " + std::to_string(start / e.dimension) +
                    (half.data() == e.flipped.data() ? " (mirrored)" : "") + " holds NaN or an infinity")
            .hint("the model diverged, or was read with the wrong architecture or preprocessing");
      }
      total += length;
    }
  }
  const size_t rows = (e.original.size() + e.flipped.size()) / e.dimension;
  return rows == 0 ? 0 : total / static_cast<double>(rows);
}

// Row `image` after the rule, of unit length (or zero), into `out`.
void unit_row(const Embeddings& e, EmbeddingRule rule, size_t image, std::vector<double>& out) {
  const auto original = e.original.subspan(image * e.dimension, e.dimension);
  out.assign(original.begin(), original.end());
  if (rule != EmbeddingRule::no_flip) {
    const auto flipped = e.flipped.subspan(image * e.dimension, e.dimension);
    if (rule == EmbeddingRule::flip_sum) {
      for (size_t k = 0; k < e.dimension; ++k) out[k] += static_cast<double>(flipped[k]);
    } else {
      out.insert(out.end(), flipped.begin(), flipped.end());
    }
  }
  const double length = std::sqrt(squared_norm(out));
  if (length == 0) return;
  for (double& value : out) value /= length;
}

size_t count_zero_rows(const Embeddings& e, EmbeddingRule rule, std::vector<double>& row) {
  size_t count = 0;
  for (size_t image = 0; image < e.original.size() / e.dimension; ++image) {
    const float first = e.original[image * e.dimension];
    // Most rows are told from the first value; the rest are looked at in full.
    if (rule != EmbeddingRule::flip_sum && first != 0) continue;
    if (rule == EmbeddingRule::flip_sum && first != -e.flipped[image * e.dimension]) continue;
    unit_row(e, rule, image, row);
    count += squared_norm(row) == 0;
  }
  return count;
}

}  // namespace

PairScores score_pairs(const Embeddings& e, std::span<const Pair> pairs, EmbeddingRule rule) {
  check_sizes(e, rule);
  PairScores scores;
  scores.mean_norm = checked_mean_norm(e);
  std::vector<double> a, b;
  scores.zero_embeddings = count_zero_rows(e, rule, a);

  const size_t images = e.original.size() / e.dimension;
  for (const Pair& pair : pairs) {
    if (pair.a >= images || pair.b >= images) {
      throw Error("pair " + std::to_string(&pair - pairs.data()) + " names image " +
                  std::to_string(std::max(pair.a, pair.b)) + " of " + std::to_string(images));
    }
    unit_row(e, rule, pair.a, a);
    unit_row(e, rule, pair.b, b);
    scores.cosine.push_back(std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0));
    scores.squared_l2.push_back(std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                                                      [](double x, double y) { return (x - y) * (x - y); }));
    scores.same.push_back(pair.same);
  }
  return scores;
}

}  // namespace facerec
