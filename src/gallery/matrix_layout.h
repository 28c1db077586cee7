// Where the parts of a template matrix lie in its file; see matrix.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "io/crc32c.h"

namespace facerec {

struct MatrixHeader {
  char mark[8] = {'F', 'R', 'M', 'A', 'T', 'R', 'I', 'X'};
  uint32_t version = 1;
  uint32_t dimension = 0;
  uint64_t size = 0;
  uint32_t key_bytes = 0;
  uint32_t crc = 0;
};

constexpr int64_t largest_dimension = 65'536;       // the sums of 8-bit products stay within 31 bits
constexpr int64_t largest_size = int64_t{1} << 40;  // keeps all offsets within 63 bits
constexpr uint64_t longest_key = 4000;

// Of a header, with its `crc` taken as 0, and the key that follows it.
template <class Header>
uint32_t checksum_of(Header header, const std::string& key) {
  header.crc = 0;
  return crc32c(std::as_bytes(std::span(key)), crc32c(std::as_bytes(std::span(&header, 1))));
}

constexpr uint64_t aligned(uint64_t offset) {
  constexpr uint64_t line = 64;
  return (offset + line - 1) / line * line;
}

// Offsets in the file. `size` and `dimension` within their limits.
struct MatrixLayout {
  MatrixLayout(int64_t size, int64_t dimension);
  int64_t groups = 0, depth = 0;
  uint64_t ids = 0, scales = 0, bounds = 0, codes = 0, rows = 0, end = 0;
};

}  // namespace facerec
