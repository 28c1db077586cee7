// How processes divide things among them.
#pragma once

#include <algorithm>
#include <cstdint>

namespace facerec {

struct Range {
  int64_t first = 0, count = 0;
};

// The share of process `rank` of `size` in `total` things: contiguous, by rank, the remainder to the low ranks, as
// arcface_torch's PartialFC_V2 divides classes.
inline Range share_of(int64_t total, int64_t rank, int64_t size) {
  const int64_t each = total / size, more = total % size;
  return {rank * each + std::min(rank, more), each + (rank < more ? 1 : 0)};
}

}  // namespace facerec
