// Reads a table of LevelDB (github.com/google/leveldb, doc/table_format.md) without compression, which is what the
// index of a TensorFlow checkpoint is.
//
// libleveldb is not used: it trusts a file's offsets and sizes, and allocates what a block claims to be before it reads
// it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

struct TableEntry {
  std::string key;
  std::string_view value;  // in the bytes that were given
};

// The last bytes of every table.
inline constexpr std::string_view table_mark = "\x57\xFB\x80\x8B\x24\x75\x47\xDB";

// All entries, in ascending order of their keys. Throws Error, with the offset, when a checksum, a size or the order is
// wrong.
std::vector<TableEntry> read_table(std::span<const std::byte> bytes);

}  // namespace facerec
