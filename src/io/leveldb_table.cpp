#include "io/leveldb_table.h"

#include <cstdint>
#include <cstring>

#include "facerec/core/error.h"
#include "io/checksums.h"
#include "io/crc32c.h"

namespace facerec {
namespace {

constexpr uint64_t footer_size = 48, trailer_size = 5;

Error bad_table(const std::string& what, uint64_t offset) {
  return Error("is a damaged checkpoint index: " + what)
      .hint("it may not have arrived whole: get it again")
      .offset(offset);
}

// A part of the table that is read from its front to its back.
class TableReader {
 public:
  TableReader(std::string_view text, uint64_t offset) : rest_(text), offset_(offset) {}
  bool done() const { return rest_.empty(); }
  uint64_t offset() const { return offset_; }

  std::string_view take(uint64_t count) {
    if (count > rest_.size()) throw bad_table("a length leads beyond its block", offset_);
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    offset_ += count;
    return taken;
  }

  // Seven bits a byte, the low ones first; the last byte is below 128.
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    throw bad_table("a number has too many digits", offset_);
  }

  uint32_t fixed() {
    uint32_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

 private:
  std::string_view rest_;
  uint64_t offset_;  // in the file
};

struct Place {
  uint64_t offset, size;
};

Place read_place(TableReader& from) {
  const uint64_t offset = from.varint();
  return {offset, from.varint()};
}

// The entries of a block. Behind it stand how it is compressed and its checksum, and in it, at its end, the offsets
// where keys begin anew and their number.
TableReader open_block(std::string_view file, Place place) {
  const auto [offset, size] = place;
  if (offset > file.size() || size > file.size() - offset || file.size() - offset - size < trailer_size) {
    throw bad_table("a block lies outside of it", offset);
  }
  TableReader trailer(file.substr(offset + size, trailer_size), offset + size);
  const bool compressed = trailer.take(1)[0] != 0;
  const std::string_view checked = file.substr(offset, size + 1);
  if (const uint32_t stored = trailer.fixed();
      checksums_count && mask_crc32c(crc32c(std::as_bytes(std::span(checked)))) != stored) {
    throw bad_table("a block's checksum is wrong", offset);
  }
  if (compressed) throw Error("is a compressed LevelDB table, which no TensorFlow checkpoint has").offset(offset);
  uint32_t restarts = 0;
  if (size < sizeof restarts) throw bad_table("a block is too short", offset);
  std::memcpy(&restarts, file.data() + offset + size - sizeof restarts, sizeof restarts);
  if (restarts > size / sizeof restarts - 1) throw bad_table("a block claims too many restarts", offset);
  return {file.substr(offset, size - (uint64_t{restarts} + 1) * sizeof restarts), offset};
}

// Moves to the next entry, whose key begins with a part of the one before.
std::string_view next(TableReader& block, std::string& key) {
  const uint64_t shared = block.varint(), own = block.varint(), value = block.varint();
  if (shared > key.size()) throw bad_table("a key shares more than there is", block.offset());
  key.resize(shared);
  key += block.take(own);
  return block.take(value);
}

}  // namespace

std::vector<TableEntry> read_table(std::span<const std::byte> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (file.size() < footer_size || !file.ends_with(table_mark)) throw bad_table("it ends too early", file.size());
  TableReader footer(file.substr(file.size() - footer_size), file.size() - footer_size);
  read_place(footer);  // of what tables may say about themselves
  TableReader index = open_block(file, read_place(footer));

  std::vector<TableEntry> entries;
  uint64_t left = 16 * file.size();  // shared beginnings may make keys larger than the file, but not without limit
  uint64_t end = 0;                  // of the block before, so that none is read twice
  std::string last, key;
  while (!index.done()) {
    const uint64_t at = index.offset();
    TableReader value(next(index, last), at);
    const Place place = read_place(value);
    if (place.offset < end) throw bad_table("its blocks are not in order", at);
    TableReader block = open_block(file, place);
    end = place.offset + place.size;
    key.clear();
    while (!block.done()) {
      const std::string_view content = next(block, key);
      if (!entries.empty() && key <= entries.back().key) throw bad_table("its keys are not in order", block.offset());
      if (key.size() > left) throw bad_table("its keys are longer than its size justifies", block.offset());
      left -= key.size();
      entries.push_back({key, content});
    }
  }
  return entries;
}

}  // namespace facerec
