#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "eval/cosines.h"
#include "eval/counting.h"
#include "eval/embedding_rows.h"
#include "eval/failures.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

// A block of rows is compared with tiles of columns that stay in a core's cache.
constexpr size_t block_rows = 16, tile_columns = 1024;

struct Faces {
  size_t dimension = 0;
  std::span<const float> rows = {};
  std::span<const uint32_t> identity = {};

  size_t size() const { return identity.size(); }
  std::span<const float> slice(size_t begin, size_t count) const {
    return rows.subspan(begin * dimension, count * dimension);
  }
  bool failed(size_t i) const { return is_zero(slice(i, 1)); }
};

// A copy, made only where rows must be left out.
struct Processed {
  std::vector<float> rows = {};
  std::vector<uint32_t> identity = {};

  explicit Processed(const Faces& faces) {
    for (size_t i = 0; i < faces.size(); ++i) {
      if (faces.failed(i)) continue;
      const auto row = faces.slice(i, 1);
      rows.insert(rows.end(), row.begin(), row.end());
      identity.push_back(faces.identity[i]);
    }
  }
};

uint64_t pairs_of(uint64_t images) { return images * (images - (images > 0)) / 2; }

FailedComparisons comparisons(std::span<const uint32_t> identity) {
  std::map<uint32_t, uint64_t> images;
  for (const uint32_t person : identity) ++images[person];
  FailedComparisons count;
  for (const auto& [person, own] : images) count.same += pairs_of(own);
  count.different = pairs_of(identity.size()) - count.same;
  return count;
}

// Rows begin … begin + count with all that follow them.
void compare_block(const Faces& faces, size_t begin, size_t count, RocAccumulator& counted) {
  std::vector<float> cosines(block_rows * tile_columns);
  for (size_t tile = begin; tile < faces.size(); tile += tile_columns) {
    const size_t columns = std::min(tile_columns, faces.size() - tile);
    dot_products(faces.slice(begin, count), faces.slice(tile, columns), faces.dimension, cosines.data());
    for (size_t row = begin; row < begin + count; ++row) {
      const float* of_row = cosines.data() + (row - begin) * columns;
      for (size_t column = std::max(tile, row + 1); column < tile + columns; ++column) {
        counted.add(double{of_row[column - tile]}, faces.identity[row] == faces.identity[column]);
      }
    }
  }
}

RocAccumulator count_all(const Faces& faces, int threads, const std::function<void(int64_t, int64_t)>& progress) {
  const auto total = static_cast<int64_t>(faces.size());
  const int64_t blocks = (total + int64_t{block_rows} - 1) / int64_t{block_rows};
  std::mutex mutex;
  int64_t done = 0;
  return count_scores(blocks, threads, [&](int64_t block, RocAccumulator& counted) {
    const size_t begin = static_cast<size_t>(block) * block_rows, count = std::min(block_rows, faces.size() - begin);
    compare_block(faces, begin, count, counted);
    if (!progress) return;
    const std::lock_guard lock(mutex);
    progress(done += static_cast<int64_t>(count), total);
  });
}

}  // namespace

ComparisonFigures evaluate_all_pairs(std::span<const float> rows, size_t dimension, std::span<const uint32_t> identity,
                                     int threads, const std::function<void(int64_t, int64_t)>& progress) {
  check_rows(rows, dimension, identity.size(), "image");
  const FailedComparisons all = comparisons(identity);
  if (all.same == 0) throw Error("no two images are of one person: there is no genuine pair to find");

  Faces faces{.dimension = dimension, .rows = rows, .identity = identity};
  size_t failed_images = 0;
  for (size_t i = 0; i < faces.size(); ++i) failed_images += faces.failed(i);
  std::optional<Processed> processed;
  if (failed_images > 0) {
    processed.emplace(faces);
    faces.rows = processed->rows;
    faces.identity = processed->identity;
  }
  RocAccumulator counted = count_all(faces, threads, progress);

  ComparisonFigures figures{.pairs = all.same + all.different, .same = all.same, .different = all.different};
  const FailedComparisons compared = comparisons(faces.identity);
  const FailedComparisons failed{all.same - compared.same, all.different - compared.different};
  if (failed_images > 0) {
    const uint64_t failed_pairs = failed.same + failed.different;
    figures.notes.push_back(failure_note(failed_images, identity.size(), "images", failed_pairs));
  }
  fill_figures(figures, std::move(counted), failed);
  return figures;
}

}  // namespace facerec
