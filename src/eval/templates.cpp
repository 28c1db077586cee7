#include "facerec/eval/templates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "eval/counting.h"
#include "eval/embedding_rows.h"
#include "eval/failures.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"

namespace facerec {
namespace {

// --- pooling ---

struct Images {
  const Embeddings& embeddings;
  std::span<const float> detector_scores;
  std::span<const uint32_t> template_of;
  std::span<const int64_t> medium_of;
};

void check(const Images& images, size_t templates, const PoolOptions& options) {
  const Embeddings& e = images.embeddings;
  if (e.dimension == 0) throw Error("embeddings have no dimension");
  const size_t count = e.original.size() / e.dimension;
  const auto fits = [&](size_t size, bool needed) { return size == count || (size == 0 && !needed); };
  if (e.original.size() != count * e.dimension || images.template_of.size() != count ||
      images.medium_of.size() != count || !fits(e.flipped.size() / e.dimension, options.flip) ||
      !fits(images.detector_scores.size(), options.detector_score) || !fits(options.failed.size(), false)) {
    throw Error("embeddings, detector scores, templates and media do not belong together");
  }
  for (size_t image = 0; image < count; ++image) {
    if (images.template_of[image] < templates) continue;
    throw Error("image " + std::to_string(image) + " is of template " + std::to_string(images.template_of[image]) +
                " of " + std::to_string(templates));
  }
}

// Adds an image, weighted, to `sum`.
void add_image(const Images& images, size_t image, const PoolOptions& options, double share, std::span<double> sum) {
  const size_t dimension = sum.size();
  const std::span<const float> original = images.embeddings.original.subspan(image * dimension, dimension);
  std::vector<double> row(original.begin(), original.end());
  if (options.flip) {
    const std::span<const float> flipped = images.embeddings.flipped.subspan(image * dimension, dimension);
    for (size_t k = 0; k < dimension; ++k) row[k] += double{flipped[k]};
  }
  const double norm = std::sqrt(std::transform_reduce(row.begin(), row.end(), row.begin(), 0.0));
  double weight = share;
  if (options.detector_score) weight *= double{images.detector_scores[image]};
  if (!options.keep_norm && norm > 0) weight /= norm;
  if (!std::isfinite(norm) || !std::isfinite(weight)) {
    throw Error("the embedding or the detector score of image " + std::to_string(image) + " is NaN or infinite");
  }
  for (size_t k = 0; k < dimension; ++k) sum[k] += weight * row[k];
}

// `members`: the images of a template, those of a medium together. Leaves `out` zero when they give nothing.
void pool(const Images& images, std::span<const uint32_t> members, const PoolOptions& options, std::span<float> out) {
  std::vector<double> sum(out.size());
  for (auto begin = members.begin(); begin != members.end();) {
    const int64_t medium = images.medium_of[*begin];
    const auto end = std::find_if(begin, members.end(), [&](uint32_t i) { return images.medium_of[i] != medium; });
    const double share = 1 / static_cast<double>(end - begin);
    for (; begin != end; ++begin) add_image(images, *begin, options, share, sum);
  }
  const double norm = std::sqrt(std::transform_reduce(sum.begin(), sum.end(), sum.begin(), 0.0));
  if (norm > 0) std::ranges::transform(sum, out.begin(), [&](double x) { return static_cast<float>(x / norm); });
}

// --- comparing ---

constexpr size_t most_kept_scores = 1'000'000, block_pairs = 10'000;

bool is_empty(const TemplateFeatures& features, size_t number) {
  return is_zero(std::span(features.rows).subspan(number * features.dimension, features.dimension));
}

class Comparer {
 public:
  explicit Comparer(const TemplateFeatures& features) : features_(features) {
    const size_t templates = features.dimension == 0 ? 0 : features.rows.size() / features.dimension;
    for (size_t i = 0; i < templates; ++i) empty_.push_back(is_empty(features, i));
  }
  size_t templates() const { return empty_.size(); }
  bool compares(const Pair& pair) const { return !empty_[pair.a] && !empty_[pair.b]; }
  double cosine(const Pair& pair) const {
    const float* a = features_.rows.data() + pair.a * features_.dimension;
    const float* b = features_.rows.data() + pair.b * features_.dimension;
    return std::transform_reduce(a, a + features_.dimension, b, 0.0, std::plus<>(),
                                 [](float x, float y) { return double{x} * double{y}; });
  }

 private:
  const TemplateFeatures& features_;
  std::vector<bool> empty_;
};

// Calls each(pair, number) for a block of pairs.
void for_block(std::span<const Pair> pairs, int64_t block, const auto& each) {
  const size_t begin = static_cast<size_t>(block) * block_pairs;
  for (size_t i = begin; i < std::min(begin + block_pairs, pairs.size()); ++i) each(pairs[i], i);
}

void rank_scores(const Comparer& comparer, std::span<const Pair> pairs, int threads, TemplateResult& result) {
  constexpr double left_out = std::numeric_limits<double>::infinity();
  std::vector<double> scores(pairs.size(), left_out);
  std::vector<uint8_t> same(pairs.size());
  parallel_for(static_cast<int64_t>((pairs.size() + block_pairs - 1) / block_pairs), threads, [&](int64_t block) {
    for_block(pairs, block, [&](const Pair& pair, size_t i) {
      same[i] = pair.same;
      if (comparer.compares(pair)) scores[i] = comparer.cosine(pair);
    });
  });
  result.distribution = score_distribution(scores, same);
  std::ranges::replace(scores, left_out, -1.0);
  fill_figures(result, roc_curve(scores, same));
}

void count_pairs(const Comparer& comparer, std::span<const Pair> pairs, int threads, TemplateResult& result) {
  const auto blocks = static_cast<int64_t>((pairs.size() + block_pairs - 1) / block_pairs);
  FailedComparisons failed;
  for (const Pair& pair : pairs) {
    if (!comparer.compares(pair)) ++(pair.same ? failed.same : failed.different);
  }
  RocAccumulator counted = count_scores(blocks, threads, [&](int64_t block, RocAccumulator& accumulator) {
    for_block(pairs, block, [&](const Pair& pair, size_t) {
      if (comparer.compares(pair)) accumulator.add(comparer.cosine(pair), pair.same);
    });
  });
  fill_figures(result, std::move(counted), failed);
}

// scikit-learn's roc_curve leaves out points within a straight run of equal steps, and the peer chooses among the rest.
bool kept_by_peer(const Roc& roc, size_t i) {
  if (i < 2 || i + 1 == roc.size()) return true;
  const auto turns = [&](const std::vector<uint64_t>& count) {
    return count[i + 1] - count[i] != count[i] - count[i - 1];
  };
  return turns(roc.matched_different) || turns(roc.matched_same);
}

NearestTar nearest_tar(const Roc& roc, double target) {
  NearestTar nearest{.target = target};
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = roc.size(); i-- > 0;) {
    const double distance = std::abs(roc.fmr(i) - target);
    if (distance >= least || !kept_by_peer(roc, i)) continue;
    least = distance;
    nearest.fpr = roc.fmr(i);
    nearest.tar = roc.tar(i);
  }
  return nearest;
}

}  // namespace

TemplateFeatures pool_templates(const Embeddings& embeddings, std::span<const float> detector_scores,
                                std::span<const uint32_t> template_of, std::span<const int64_t> medium_of,
                                size_t templates, const PoolOptions& options) {
  const Images images{embeddings, detector_scores, template_of, medium_of};
  check(images, templates, options);
  std::vector<uint32_t> order;
  for (uint32_t image = 0; image < template_of.size(); ++image) {
    if (options.failed.empty() || !options.failed[image]) order.push_back(image);
  }
  std::ranges::stable_sort(order, {}, [&](uint32_t i) { return std::pair(template_of[i], medium_of[i]); });

  TemplateFeatures features{.dimension = embeddings.dimension};
  features.rows.resize(templates * features.dimension);
  parallel_for(static_cast<int64_t>(templates), 0, [&](int64_t number) {
    const auto members =
        std::ranges::equal_range(order, static_cast<uint32_t>(number), {}, [&](uint32_t i) { return template_of[i]; });
    pool(images, std::span(members.begin(), members.end()), options,
         std::span(features.rows).subspan(static_cast<size_t>(number) * features.dimension, features.dimension));
  });
  for (size_t i = 0; i < templates; ++i) features.empty_templates += is_empty(features, i);
  return features;
}

TemplateResult evaluate_templates(const TemplateFeatures& features, std::span<const Pair> pairs, int threads) {
  const Comparer comparer(features);
  TemplateResult result;
  result.templates = comparer.templates();
  result.empty_templates = features.empty_templates;
  result.pairs = pairs.size();
  size_t failed = 0;
  for (const Pair& pair : pairs) {
    if (std::max(pair.a, pair.b) >= result.templates) {
      throw Error("pair " + std::to_string(&pair - pairs.data()) + " names template " +
                  std::to_string(std::max(pair.a, pair.b)) + " of " + std::to_string(result.templates));
    }
    ++(pair.same ? result.same : result.different);
    failed += !comparer.compares(pair);
  }
  if (failed > 0) result.notes.push_back(failure_note(result.empty_templates, result.templates, "templates", failed));
  (pairs.size() <= most_kept_scores ? rank_scores : count_pairs)(comparer, pairs, threads, result);
  if (!result.roc) return result;
  for (const double target : fmr_targets) result.nearest.push_back(nearest_tar(*result.roc, target));
  return result;
}

}  // namespace facerec
