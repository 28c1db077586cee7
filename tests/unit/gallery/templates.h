// Template matrices of random people, for tests.
#pragma once

#include <cmath>
#include <vector>

#include "facerec/core/random.h"
#include "facerec/gallery/matrix.h"

namespace facerec::test {

inline void to_unit_length(std::span<float> vector) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * double{value};
  for (float& value : vector) value = static_cast<float>(value / std::sqrt(squares));
}

// [n, dimension], of unit length.
inline std::vector<float> random_units(int64_t n, int64_t dimension, uint64_t seed) {
  Random random("templates", {seed});
  std::vector<float> all(static_cast<size_t>(n * dimension));
  for (float& value : all) value = static_cast<float>(random.normal(0, 1));
  for (int64_t i = 0; i < n; ++i) {
    to_unit_length(std::span(all).subspan(static_cast<size_t>(i * dimension), static_cast<size_t>(dimension)));
  }
  return all;
}

// The ids are 10, 20, 30 …
inline void write_matrix(const fs::path& file, std::span<const float> rows, int64_t dimension,
                         const std::string& key = "key") {
  const auto d = static_cast<size_t>(dimension);
  TemplateMatrixWriter writer(file, static_cast<int64_t>(rows.size() / d), dimension, key);
  for (size_t i = 0; i < rows.size() / d; ++i) writer.add(static_cast<int64_t>(10 * (i + 1)), rows.subspan(i * d, d));
  writer.commit();
}

}  // namespace facerec::test
