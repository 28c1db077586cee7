// A record file, compressed or not: its records, their Example messages, and what it unpacks to.
#include "facerec/core/error.h"
#include "fuzz/views.h"
#include "io/inflate.h"
#include "io/tf_example.h"
#include "io/tf_record.h"

namespace {

using namespace facerec;

void read_example(const TfRecord& record, uint64_t offset) {
  const TfExample example(record.data, offset);
  for (const char* name : {"image/source_id", "image/encoded", "image/filename", "image/img_path"}) {
    try {
      example.number(name);
    } catch (const Error& error) {
      fuzz::require(error.offset() >= offset && *error.offset() <= record.end);
    }
    try {
      const std::string_view value = example.bytes(name).value_or("");
      const auto* begin = reinterpret_cast<const char*>(record.data.data());
      fuzz::require(value.empty() ||
                    (value.data() >= begin && value.data() + value.size() <= begin + record.data.size()));
    } catch (const Error& error) {
      fuzz::require(error.offset() >= offset && *error.offset() <= record.end);
    }
  }
}

// Whether the file is records from its front to its back.
bool read_records(std::span<const std::byte> file) {
  const MemorySource source(file);
  TfRecordReader reader(source, file.size());
  uint64_t at = 0;
  try {
    while (at < file.size()) {
      const TfRecord record = reader.read(at);
      fuzz::require(record.end > at && record.end <= file.size());
      fuzz::require(record.intact());
      read_example(record, at);
      at = record.end;
    }
    return true;
  } catch (const Error& error) {
    fuzz::require(error.offset() == at);
    return false;
  }
}

bool follow_records(std::span<const std::byte> file, size_t piece) {
  TfRecordStream stream;
  try {
    for (size_t at = 0; at < file.size(); at += piece) stream.take(file.subspan(at, std::min(piece, file.size() - at)));
    stream.finish();
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::vector<std::byte> unpack(std::span<const std::byte> packed) {
  std::vector<std::byte> unpacked;
  try {
    const MemorySource source(packed);
    Inflater inflater(source);
    constexpr size_t enough = 1 << 20;
    for (auto piece = inflater.next(); !piece.empty() && unpacked.size() < enough; piece = inflater.next()) {
      unpacked.insert(unpacked.end(), piece.begin(), piece.end());
    }
  } catch (const Error& error) {
    fuzz::require(error.offset() <= packed.size());
  }
  return unpacked;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  const std::vector<std::byte> unpacked = is_deflated(file) ? unpack(file) : std::vector<std::byte>();
  for (const std::span<const std::byte> records : {file, std::span<const std::byte>(unpacked)}) {
    fuzz::require(read_records(records) == follow_records(records, 1 + size % 50));
  }
  return 0;
}
