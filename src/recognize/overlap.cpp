#include "facerec/recognize/overlap.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "facerec/core/parallel.h"
#include "facerec/core/text.h"
#include "facerec/recognize/embed.h"
#include "recognize/embedding_stream.h"

namespace facerec {
namespace {

void normalise(std::span<float> row) {
  double square = 0;
  for (const float value : row) square += double{value} * value;
  const auto scale = static_cast<float>(square > 0 ? 1 / std::sqrt(square) : 0);
  for (float& value : row) value *= scale;
}

// Unit rows of one length, one below the other.
struct Rows {
  size_t dimension;
  std::vector<float> values;
  size_t count() const { return values.size() / dimension; }
  std::span<float> row(size_t i) { return std::span(values).subspan(i * dimension, dimension); }
  std::span<const float> row(size_t i) const { return std::span(values).subspan(i * dimension, dimension); }
};

float dot(std::span<const float> a, std::span<const float> b) {
  constexpr size_t lanes = 16;  // sums side by side, which the compiler puts into vector registers
  float sums[lanes] = {};
  size_t i = 0;
  for (; i + lanes <= a.size(); i += lanes) {
    for (size_t k = 0; k < lanes; ++k) sums[k] += a[i + k] * b[i + k];
  }
  float sum = 0;
  for (; i < a.size(); ++i) sum += a[i] * b[i];
  for (const float part : sums) sum += part;
  return sum;
}

NearDuplicate nearest(int64_t image, std::span<const float> row, const Rows& others) {
  NearDuplicate best{image, -1, -2};
  for (size_t i = 0; i < others.count(); ++i) {
    const double cosine = dot(row, others.row(i));
    if (cosine > best.cosine) best = {image, static_cast<int64_t>(i), cosine};
  }
  return best;
}

// `broken` counts the images that cannot be read; their rows are zero, and so near to nothing.
Rows embed_all(Engine& engine, const std::shared_ptr<const Dataset>& images, const OverlapOptions& options,
               int64_t& broken) {
  ImageEmbeddings embeddings = embed_images(engine, images, {options.batch_size, options.threads, false, false});
  Rows rows{embeddings.dimension, std::move(embeddings.original)};
  for (size_t i = 0; i < rows.count(); ++i) normalise(rows.row(i));
  for (const int64_t image : embeddings.broken) std::ranges::fill(rows.row(static_cast<size_t>(image)), 0.0F);
  broken += static_cast<int64_t>(embeddings.broken.size());
  return rows;
}

std::string plain_name(const std::string& name) {
  std::string plain = lower(name);
  std::replace(plain.begin(), plain.end(), ' ', '_');
  return plain;
}

}  // namespace

Overlap near_duplicates(Engine& engine, const std::shared_ptr<const Dataset>& training,
                        const std::shared_ptr<const Dataset>& evaluation, const OverlapOptions& options,
                        const std::function<void(int64_t)>& progress) {
  Overlap overlap;
  const Rows others = embed_all(engine, evaluation, options, overlap.not_compared);
  EmbeddingStream stream(engine, training, {options.batch_size, options.threads, false, false}, 0, training->size());
  while (stream.has_next()) {
    const EmbeddedBatch& batch = stream.next();
    Rows rows{others.dimension, batch.original};
    std::vector<NearDuplicate> best(rows.count());
    parallel_for(batch.size, options.threads, [&](int64_t i) {
      const auto at = static_cast<size_t>(i);
      normalise(rows.row(at));
      best[at] = nearest(batch.first + i, rows.row(at), others);
    });
    for (const BrokenImage& broken : batch.broken) best[static_cast<size_t>(broken.index - batch.first)].cosine = -2;
    overlap.not_compared += static_cast<int64_t>(batch.broken.size());
    std::ranges::copy_if(best, std::back_inserter(overlap.near),
                         [&](const NearDuplicate& found) { return found.cosine >= options.cosine; });
    if (progress) progress(batch.first + batch.size);
  }
  return overlap;
}

std::vector<std::string> shared_identities(const Dataset& training, const Dataset& evaluation) {
  std::set<std::string> names;
  for (int64_t i = 0; i < evaluation.classes(); ++i) {
    if (evaluation.has_name(i)) names.insert(plain_name(evaluation.class_name(i)));
  }
  std::vector<std::string> shared;
  for (int64_t i = 0; i < training.classes(); ++i) {
    if (!training.has_name(i)) continue;
    std::string name = training.class_name(i);
    if (names.contains(plain_name(name))) shared.push_back(std::move(name));
  }
  return shared;
}

}  // namespace facerec
