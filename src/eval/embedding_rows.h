// Embeddings of unit length, row by row; a zero row stands for what could not be processed.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include "facerec/core/error.h"

namespace facerec {

inline bool is_zero(std::span<const float> row) {
  return std::ranges::all_of(row, [](float value) { return value == 0; });
}

// Throws Error unless `rows` are `count` rows of finite numbers.
inline void check_rows(std::span<const float> rows, size_t dimension, size_t count, std::string_view what) {
  if (dimension == 0 || rows.size() != count * dimension) {
    throw Error(fmt::format("{} embedding values and {} identities do not belong together", rows.size(), count));
  }
  const auto bad = std::ranges::find_if_not(rows, [](float value) { return std::isfinite(value); });
  if (bad == rows.end()) return;
  throw Error(fmt::format("the embedding of {} number {} holds NaN or an infinity", what,
                          static_cast<size_t>(bad - rows.begin()) / dimension));
}

}  // namespace facerec
