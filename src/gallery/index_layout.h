// Where the parts of an index lie in its file; see index.h.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace facerec {

struct IndexHeader {
  char mark[8] = {'F', 'R', 'L', 'I', 'S', 'T', 'S', '\0'};
  uint32_t version = 1;
  uint32_t dimension = 0;
  uint64_t templates = 0, lists = 0, groups = 0;
  uint32_t key_bytes = 0;
  uint32_t crc = 0;
};

constexpr uint32_t no_row = std::numeric_limits<uint32_t>::max();
constexpr int64_t most_indexed = 4'000'000'000;  // below no_row

// Offsets in the file. `lists` and `groups` are at most `most_indexed`, the dimension `largest_dimension`.
struct IndexLayout {
  IndexLayout(int64_t lists, int64_t groups, int64_t dimension);
  uint64_t centres = 0, ends = 0, row_numbers = 0, scales = 0, bounds = 0, codes = 0, end = 0;
};

}  // namespace facerec
