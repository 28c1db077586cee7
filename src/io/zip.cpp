#include "io/zip.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/checksums.h"

namespace facerec {
namespace {

constexpr uint64_t end_size = 22, locator_size = 20, end64_size = 56, central_size = 46;
constexpr uint32_t end_mark = 0x06054B50, locator_mark = 0x07064B50, end64_mark = 0x06064B50, central_mark = 0x02014B50,
                   local_mark = 0x04034B50;

Error bad_zip(const std::string& what, uint64_t offset) {
  return Error("is a damaged zip archive: " + what).hint("it may not have arrived whole: get it again").offset(offset);
}

// Little-endian numbers at checked offsets.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const { return bytes_.size(); }

  template <class T>
  T at(uint64_t offset) const {
    T value;
    std::memcpy(&value, part(offset, sizeof value).data(), sizeof value);
    return value;
  }

  std::span<const std::byte> part(uint64_t offset, uint64_t count) const {
    if (offset > size() || count > size() - offset) throw bad_zip("a header points beyond its end", offset);
    return bytes_.subspan(offset, count);
  }

  std::string_view text(uint64_t offset, uint64_t count) const {
    return {reinterpret_cast<const char*>(part(offset, count).data()), count};
  }

 private:
  std::span<const std::byte> bytes_;
};

struct Directory {
  uint64_t offset, size, count;
};

// The end record lies before a comment of at most 64 KiB, which it gives the length of.
uint64_t find_end(const Bytes& file) {
  if (file.size() < end_size) throw bad_zip("it is shorter than its end record", file.size());
  const uint64_t last = file.size() - end_size, first = last > 0xFFFF ? last - 0xFFFF : 0;
  for (uint64_t at = last + 1; at-- > first;) {
    if (file.at<uint32_t>(at) == end_mark && file.at<uint16_t>(at + 20) == last - at) return at;
  }
  throw bad_zip("it has no end record", file.size());
}

Directory find_directory(const Bytes& file) {
  uint64_t end = find_end(file);
  Directory directory{file.at<uint32_t>(end + 16), file.at<uint32_t>(end + 12), file.at<uint16_t>(end + 10)};
  const bool one_disk = file.at<uint32_t>(end + 4) == 0 && file.at<uint16_t>(end + 8) == directory.count;
  const bool zip64 = end >= locator_size && file.at<uint32_t>(end - locator_size) == locator_mark;
  if (zip64) {
    const auto at = file.at<uint64_t>(end - locator_size + 8);
    if (at > end - locator_size || end - locator_size - at < end64_size || file.at<uint32_t>(at) != end64_mark) {
      throw bad_zip("its zip64 end record is not where it should be", end - locator_size);
    }
    end = at;
    directory = {file.at<uint64_t>(end + 48), file.at<uint64_t>(end + 40), file.at<uint64_t>(end + 32)};
  } else if (!one_disk) {
    throw bad_zip("it is one part of several", end);
  }
  if (directory.offset > end || directory.size > end - directory.offset) {
    throw bad_zip("its directory lies outside of it", end);
  }
  return directory;
}

// Sizes and offsets that do not fit 32 bits stand in the extra field of type 1, those only, in this order.
void read_zip64_field(const Bytes& file, uint64_t begin, uint64_t length, ZipEntry& entry) {
  const uint64_t end = begin + length;
  for (uint64_t at = begin; end - at >= 4;) {
    const uint64_t size = file.at<uint16_t>(at + 2), next = at + 4 + size;
    if (next > end) throw bad_zip("an extra field is longer than its header", at);
    if (file.at<uint16_t>(at) == 1) {
      at += 4;
      for (uint64_t* value : {&entry.size, &entry.packed, &entry.header}) {
        if (*value != UINT32_MAX) continue;
        if (next - at < sizeof *value) throw bad_zip("a zip64 field is too short", at);
        *value = file.at<uint64_t>(at);
        at += sizeof *value;
      }
      return;
    }
    at = next;
  }
}

void check_name(std::string_view name, uint64_t at) {
  bool good = !name.empty() && name[0] != '/' && name.find('\0') == std::string_view::npos && is_utf8(name);
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    good &= name.substr(begin, end - begin) != "..";
    begin = end + 1;
  }
  if (!good) throw bad_zip("an entry has the impossible name '" + printable(name) + "'", at);
}

// The local header repeats the directory's, and says where the content begins.
void check_local_header(const Bytes& file, ZipEntry& entry, const Directory& directory) {
  const uint64_t at = entry.header;
  if (file.at<uint32_t>(at) != local_mark)
    throw bad_zip("'" + printable(entry.name) + "' is not where it should be", at);
  const uint64_t name = file.at<uint16_t>(at + 26), extra = file.at<uint16_t>(at + 28);
  if (file.text(at + zip_local_size, name) != entry.name) throw bad_zip("an entry has two names", at);
  entry.offset = at + zip_local_size + name + extra;
  if (entry.offset > directory.offset || entry.packed > directory.offset - entry.offset) {
    throw bad_zip("'" + printable(entry.name) + "' reaches beyond the end", at);
  }
}

// Returns where the next directory entry begins.
uint64_t read_entry(const Bytes& file, uint64_t at, const Directory& directory, ZipEntry& entry) {
  if (file.at<uint32_t>(at) != central_mark) throw bad_zip("its directory is damaged", at);
  const auto flags = file.at<uint16_t>(at + 8), method = file.at<uint16_t>(at + 10);
  const uint64_t name = file.at<uint16_t>(at + 28), extra = file.at<uint16_t>(at + 30),
                 comment = file.at<uint16_t>(at + 32);
  entry.crc = file.at<uint32_t>(at + 16);
  entry.packed = file.at<uint32_t>(at + 20);
  entry.size = file.at<uint32_t>(at + 24);
  entry.header = file.at<uint32_t>(at + 42);
  entry.name = file.text(at + central_size, name);
  entry.deflated = method == 8;
  check_name(entry.name, at);
  if ((flags & 0x2041) != 0) throw bad_zip("'" + printable(entry.name) + "' is encrypted", at);
  if (method != 0 && method != 8) {
    throw bad_zip("'" + printable(entry.name) + "' is compressed by method " + std::to_string(method), at);
  }
  read_zip64_field(file, at + central_size + name, extra, entry);
  if (!entry.deflated && entry.packed != entry.size) throw bad_zip("'" + printable(entry.name) + "' has two sizes", at);
  check_local_header(file, entry, directory);
  return at + central_size + name + extra + comment;
}

void check_overlaps(std::vector<ZipEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const ZipEntry& a, const ZipEntry& b) { return a.header < b.header; });
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].header < entries[i - 1].offset + entries[i - 1].packed) {
      throw bad_zip("two of its entries overlap", entries[i].header);
    }
  }
}

// Piece by piece, so that a large file takes no memory.
uint32_t crc_of(std::span<const std::byte> bytes, const TensorMemory& memory) {
  constexpr size_t piece = size_t{8} << 20;
  uint32_t crc = 0;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const auto part = bytes.subspan(at, std::min(piece, bytes.size() - at));
    crc = libdeflate_crc32(crc, part.data(), part.size());
    memory.drop_pages(part);
  }
  return crc;
}

}  // namespace

ZipArchive::ZipArchive(TensorMemory& memory) : memory_(memory) {
  const Bytes file(memory.bytes());
  const Directory directory = find_directory(file);
  if (directory.count > directory.size / central_size) throw bad_zip("its directory is too short", directory.offset);
  entries_.resize(directory.count);
  uint64_t at = directory.offset;
  for (ZipEntry& entry : entries_) at = read_entry(file, at, directory, entry);
  if (at != directory.offset + directory.size) throw bad_zip("its directory has a wrong size", at);
  check_overlaps(entries_);
  std::sort(entries_.begin(), entries_.end(), [](const ZipEntry& a, const ZipEntry& b) { return a.name < b.name; });
  for (size_t i = 1; i < entries_.size(); ++i) {
    if (entries_[i].name == entries_[i - 1].name) {
      throw bad_zip("'" + printable(entries_[i].name) + "' occurs twice", entries_[i].header);
    }
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), name,
                                      [](const ZipEntry& entry, std::string_view n) { return entry.name < n; });
  return found != entries_.end() && found->name == name ? &*found : nullptr;
}

std::span<const std::byte> ZipArchive::read(const ZipEntry& entry) const {
  std::span<const std::byte> content = memory_.bytes().subspan(entry.offset, entry.packed);
  if (entry.deflated) {
    const std::span<std::byte> unpacked = memory_.allocate(entry.size);
    const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
        libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
    if (!inflater || libdeflate_deflate_decompress(inflater.get(), content.data(), content.size(), unpacked.data(),
                                                   unpacked.size(), nullptr) != LIBDEFLATE_SUCCESS) {
      throw bad_zip("'" + printable(entry.name) + "' does not unpack to the size it should have", entry.offset);
    }
    memory_.drop_pages(content);
    content = unpacked;
  }
  if (checksums_count && crc_of(content, memory_) != entry.crc) {
    throw bad_zip("the checksum of '" + printable(entry.name) + "' is wrong", entry.offset);
  }
  return content;
}

}  // namespace facerec
