#include "io/zip_write.h"

#include <libdeflate.h>

#include <algorithm>
#include <vector>

#include "io/zip.h"

namespace facerec {
namespace {

constexpr uint64_t alignment = 64, zip64_field = 20, field_header = 4;
constexpr uint16_t padding_field = 0x4246;  // the one that PyTorch pads with

class Writer {
 public:
  template <class T>
  Writer& number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  Writer& zeros(uint64_t count) {
    bytes_.append(count, '\0');
    return *this;
  }
  uint64_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

uint32_t narrow(uint64_t value) { return static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX)); }
bool is_large(uint64_t value) { return value >= UINT32_MAX; }

// What local and central header share: from the version to the sizes.
void put_common(Writer& out, const ZipRecord& record, uint32_t crc, bool large) {
  out.number<uint16_t>(large ? 45 : 20).number<uint16_t>(0x800);       // version needed; names are UTF-8
  out.number<uint16_t>(0).number<uint16_t>(0).number<uint16_t>(0x21);  // stored; 1980-01-01
  out.number(crc).number(narrow(record.content.size())).number(narrow(record.content.size()));
  out.number(static_cast<uint16_t>(record.name.size()));
}

std::string local_header(const ZipRecord& record, uint32_t crc, uint64_t offset) {
  const bool large = is_large(record.content.size());
  const uint64_t start = offset + zip_local_size + record.name.size() + (large ? zip64_field : 0) + field_header;
  const uint64_t padding = (alignment - start % alignment) % alignment;
  Writer out;
  out.number<uint32_t>(0x04034B50);
  put_common(out, record, crc, large);
  out.number(static_cast<uint16_t>((large ? zip64_field : 0) + field_header + padding)).text(record.name);
  if (large) {
    out.number<uint16_t>(1).number<uint16_t>(16);
    out.number<uint64_t>(record.content.size()).number<uint64_t>(record.content.size());
  }
  out.number(padding_field).number(static_cast<uint16_t>(padding)).zeros(padding);
  return out.bytes();
}

void put_central_header(Writer& out, const ZipRecord& record, uint32_t crc, uint64_t offset) {
  const bool large = is_large(record.content.size()), far = is_large(offset);
  const auto extra = static_cast<uint16_t>((large ? 16 : 0) + (far ? 8 : 0));
  out.number<uint32_t>(0x02014B50).number<uint16_t>(45);
  put_common(out, record, crc, large || far);
  out.number(static_cast<uint16_t>(extra == 0 ? 0 : extra + field_header));
  out.zeros(2 + 2 + 2 + 4).number(narrow(offset)).text(record.name);
  if (extra != 0) out.number<uint16_t>(1).number(extra);
  if (large) out.number<uint64_t>(record.content.size()).number<uint64_t>(record.content.size());
  if (far) out.number(offset);
}

void put_end(Writer& out, uint64_t count, uint64_t directory, uint64_t size) {
  if (count >= UINT16_MAX || is_large(directory) || is_large(size)) {
    out.number<uint32_t>(0x06064B50).number<uint64_t>(44).number<uint16_t>(45).number<uint16_t>(45).zeros(8);
    out.number(count).number(count).number(size).number(directory);
    out.number<uint32_t>(0x07064B50).zeros(4).number(directory + size).number<uint32_t>(1);
  }
  const auto few = static_cast<uint16_t>(std::min<uint64_t>(count, UINT16_MAX));
  out.number<uint32_t>(0x06054B50).zeros(4).number(few).number(few).number(narrow(size)).number(narrow(directory));
  out.zeros(2);
}

}  // namespace

void write_zip(const fs::path& path, std::span<const ZipRecord> records) {
  AtomicFile file(path);
  Writer central;
  uint64_t offset = 0;
  for (const ZipRecord& record : records) {
    const uint32_t crc = libdeflate_crc32(0, record.content.data(), record.content.size());
    const std::string header = local_header(record, crc, offset);
    file.write(header);
    file.write(record.content);
    put_central_header(central, record, crc, offset);
    offset += header.size() + record.content.size();
  }
  const uint64_t size = central.size();
  put_end(central, records.size(), offset, size);
  file.write(central.bytes());
  file.commit();
}

}  // namespace facerec
