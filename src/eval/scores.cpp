#include "facerec/eval/scores.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"

namespace facerec {
namespace {

double norm(std::span<const float> x) {
  return std::sqrt(std::transform_reduce(x.begin(), x.end(), 0.0, std::plus<>(), [](float value) {
    return static_cast<double>(value) * static_cast<double>(value);
  }));
}

void check_sizes(const Embeddings& e, EmbeddingRule rule, std::span<const uint8_t> failed) {
  if (e.dimension == 0 || e.original.size() % e.dimension != 0) {
    throw Error(std::to_string(e.original.size()) + " embedding values do not make rows of " +
                std::to_string(e.dimension));
  }
  const bool may_be_absent = rule == EmbeddingRule::no_flip && e.flipped.empty();
  if (!may_be_absent && e.flipped.size() != e.original.size()) {
    throw Error(to_string(rule) + " needs as many embeddings of flipped images (" + std::to_string(e.flipped.size()) +
                " values) as of the images (" + std::to_string(e.original.size()) + ")");
  }
  if (!failed.empty() && failed.size() != e.original.size() / e.dimension) {
    throw Error(std::to_string(failed.size()) + " marks of failed images do not belong to " +
                std::to_string(e.original.size() / e.dimension) + " embeddings");
  }
}

void check_pairs(std::span<const Pair> pairs, size_t images) {
  for (size_t i = 0; i < pairs.size(); ++i) {
    const uint32_t last = std::max(pairs[i].a, pairs[i].b);
    if (last < images) continue;
    throw Error("pair " + std::to_string(i) + " names image " + std::to_string(last) + " of " + std::to_string(images));
  }
}

// The mean norm of the raw rows; throws at a row that is not finite.
double checked_mean_norm(const Embeddings& e, std::span<const uint8_t> failed) {
  double total = 0;
  size_t rows = 0;
  for (const auto& half : {e.original, e.flipped}) {
    for (size_t image = 0; image < half.size() / e.dimension; ++image) {
      if (!failed.empty() && failed[image]) continue;
      const double length = norm(half.subspan(image * e.dimension, e.dimension));
      if (!std::isfinite(length)) {
        throw Error("the embedding of image " + std::to_string(image) +
                    (half.data() == e.flipped.data() ? " (mirrored)" : "") + " holds NaN or an infinity")
            .hint("the model diverged, or was read with the wrong architecture or preprocessing");
      }
      total += length;
      ++rows;
    }
  }
  return rows == 0 ? 0 : total / static_cast<double>(rows);
}

// Embeddings by the rule, each divided by its length once.
struct UnitRows {
  size_t dimension = 0;
  std::vector<double> values = {};  // of unit length, or zero
  std::vector<double> length = {};  // before

  const double* row(size_t image) const { return values.data() + image * dimension; }
};

UnitRows unit_rows(const Embeddings& e, EmbeddingRule rule) {
  const size_t images = e.images();
  UnitRows rows{.dimension = combined_dimension(e.dimension, rule)};
  rows.values.resize(images * rows.dimension);
  rows.length.resize(images);
  parallel_for(static_cast<int64_t>(images), images < 10'000 ? 1 : 0, [&](int64_t i) {
    const auto image = static_cast<size_t>(i);
    const std::span row(rows.values.data() + image * rows.dimension, rows.dimension);
    std::ranges::copy(e.original.subspan(image * e.dimension, e.dimension), row.begin());
    if (rule != EmbeddingRule::no_flip) {
      const auto flipped = e.flipped.subspan(image * e.dimension, e.dimension);
      const size_t first = row.size() - e.dimension;
      for (size_t k = 0; k < e.dimension; ++k) row[first + k] += static_cast<double>(flipped[k]);
    }
    const double length = std::sqrt(std::transform_reduce(row.begin(), row.end(), row.begin(), 0.0));
    rows.length[image] = length;
    if (length == 0) return;
    for (double& value : row) value /= length;
  });
  return rows;
}

struct Score {
  double cosine = 0, squared_l2 = 0, squared_distance = 0;
};

// Sums in eight lanes, which the compiler puts into vector registers.
Score compare(const UnitRows& rows, const Pair& pair) {
  constexpr size_t lanes = 8;
  const double *a = rows.row(pair.a), *b = rows.row(pair.b);
  const double length_a = rows.length[pair.a], length_b = rows.length[pair.b];
  double cosine[lanes] = {}, squared_l2[lanes] = {}, squared_distance[lanes] = {};
  const auto add = [&](size_t lane, size_t k) {
    const double unit = a[k] - b[k], raw = length_a * a[k] - length_b * b[k];
    cosine[lane] += a[k] * b[k];
    squared_l2[lane] += unit * unit;
    squared_distance[lane] += raw * raw;
  };
  size_t k = 0;
  for (; k + lanes <= rows.dimension; k += lanes) {
    for (size_t lane = 0; lane < lanes; ++lane) add(lane, k + lane);
  }
  for (size_t lane = 0; k < rows.dimension; ++k, ++lane) add(lane, k);
  const auto sum = [](const double(&x)[lanes]) { return std::accumulate(x, x + lanes, 0.0); };
  return {sum(cosine), sum(squared_l2), sum(squared_distance)};
}

}  // namespace

std::vector<double> PairScores::similarity(PairScore score) const {
  if (score == PairScore::cosine) return cosine;
  std::vector<double> negative(distance.size());
  std::ranges::transform(distance, negative.begin(), std::negate<>());
  return negative;
}

PairScores score_pairs(const Embeddings& e, std::span<const Pair> pairs, EmbeddingRule rule,
                       std::span<const uint8_t> failed) {
  check_sizes(e, rule, failed);
  check_pairs(pairs, e.original.size() / e.dimension);
  PairScores scores;
  scores.mean_norm = checked_mean_norm(e, failed);
  const UnitRows rows = unit_rows(e, rule);
  scores.images = rows.length.size();
  const auto has_failed = [&](size_t image) { return !failed.empty() && failed[image]; };
  for (size_t image = 0; image < scores.images; ++image) {
    scores.failed_images += has_failed(image);
    scores.zero_embeddings += !has_failed(image) && rows.length[image] == 0;
  }

  scores.cosine.resize(pairs.size(), -1);
  scores.squared_l2.resize(pairs.size(), 4);
  scores.distance.resize(pairs.size(), std::numeric_limits<double>::infinity());
  scores.same.resize(pairs.size());
  constexpr size_t block = 1000;
  parallel_for(static_cast<int64_t>((pairs.size() + block - 1) / block), 0, [&](int64_t number) {
    const size_t begin = static_cast<size_t>(number) * block;
    for (size_t i = begin; i < std::min(begin + block, pairs.size()); ++i) {
      scores.same[i] = pairs[i].same;
      if (has_failed(pairs[i].a) || has_failed(pairs[i].b)) continue;
      const Score score = compare(rows, pairs[i]);
      scores.cosine[i] = score.cosine;
      scores.squared_l2[i] = score.squared_l2;
      scores.distance[i] = std::sqrt(score.squared_distance);
    }
  });
  for (const Pair& pair : pairs) scores.failed_pairs += has_failed(pair.a) || has_failed(pair.b);
  return scores;
}

std::string to_string(PairScore score) { return score == PairScore::cosine ? "cosine" : "euclidean"; }

PairScore parse_pair_score(std::string_view name) {
  for (const PairScore score : {PairScore::cosine, PairScore::euclidean}) {
    if (name == to_string(score)) return score;
  }
  throw Error::usage("there is no score '" + std::string(name) + "'").hint("the scores are cosine and euclidean");
}

}  // namespace facerec
