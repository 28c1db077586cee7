// A carray of bcolz 1.x: a folder with an array of float32, in compressed chunks of whole rows. meta/sizes and
// meta/storage are JSON, data/__0.blp, __1.blp, … the chunks, in order.
//
// A chunk file is `blpk`, a byte 1, three bytes, an int64 1, and a chunk of C-Blosc 1: a header of 16 bytes (format,
// codec's format, flags, element size, uint32 size, block size, compressed size), the int32 offsets of its blocks
// (from the chunk's start), and in each block one or four streams with their int32 sizes; or, as flag 2 tells, the
// bytes as they are. Everything is little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

struct CarrayMeta {
  std::vector<int64_t> shape;  // at least one extent; the first counts rows. All positive; their product fits int64
  int64_t chunk_rows;          // rows a chunk, positive; the last chunk may have fewer

  int64_t row_numbers() const;  // float32 a row
  int64_t chunks() const;
  int64_t rows_of(int64_t chunk) const;
};

// Throws Error naming meta/sizes or meta/storage when one is absent, damaged, or says something else than float32.
CarrayMeta read_carray_meta(const fs::path& folder);

// What read_carray_meta does with the texts of sizes and storage; its Errors do not name a file.
std::vector<int64_t> parse_carray_sizes(std::string_view text);
int64_t parse_carray_storage(std::string_view text);

fs::path carray_chunk(const fs::path& folder, int64_t chunk);  // where it lies

// Row `row` of a chunk file that holds `rows` rows of row.size() numbers. Unpacks only the blocks that the row lies in;
// takes no more memory than three of them, which are 16 MiB at most. Throws Error with its offset when the file is
// damaged; bytes behind the chunk are left alone. May be called from any thread.
void read_carray_row(std::span<const std::byte> file, int64_t rows, int64_t row, std::span<float> numbers);

// A chunk file as bcolz writes it by default (lz4, level 5, shuffled), but a block a row, so that one row is unpacked
// without others.
std::vector<std::byte> carray_chunk_of(std::span<const float> numbers, size_t row_numbers);

// meta/ and __attrs__. `compressed`: bytes of all chunk files.
void write_carray_meta(const fs::path& folder, const CarrayMeta& meta, uint64_t compressed);

}  // namespace facerec
