// An input: two bytes with the size of a .idx, the .idx, and the .rec. The .idx is read as a property, too.
#include "data/recordio_scan.h"
#include "facerec/core/error.h"
#include "fuzz/views.h"
#include "io/recordio.h"

namespace {

using namespace facerec;
using fuzz::require;

// What a scan found is there when it is read.
class Reader : public RecordSink {
 public:
  explicit Reader(const ByteSource& records) : records_(records) {}

  void add(uint64_t offset, uint32_t label) override {
    const std::vector<std::byte> payload = read_record(records_, offset);
    const RecordHeader header = parse_record_header(payload, payload.size());
    require(header.image_size > 0 && label_of(header.label[0]) == label);
    if (header.flag > header.label.size()) return;
    // What we write is read back, in parts or whole.
    const std::vector<std::byte> record = make_record(header, std::span(payload).last(header.image_size));
    const MemorySource again(record);
    const std::vector<std::byte> joined = read_record(again, 0);
    require(std::ranges::equal(std::span(joined).last(header.image_size), std::span(payload).last(header.image_size)));
    require(measure_record(again, 0, {}).end == record.size());
  }
  void leave_out(BadInput problem) override { require(!problem.reason.empty()); }

 private:
  const ByteSource& records_;
};

template <class Work>
void named(Work work) {
  try {
    work();
  } catch (const Error& error) {
    require(!error.file().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::span<const std::byte> rest = std::as_bytes(std::span(data + 2, size - 2));
  const size_t count = std::min<size_t>(rest.size(), data[0] | data[1] << 8);
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), count);
  const MemorySource records(rest.subspan(count));
  const ForwardSource forward(records);
  const RecordPaths paths{.records = "a.rec", .index = "a.idx", .property = "property", .list = {}};
  std::optional<RecordProperty> property;
  try {
    property = parse_record_property(text);
  } catch (const Error&) {
  }
  Reader reader(records);
  named([&] { scan_records(forward, paths, {}, property, reader); });
  named([&] {
    const RecordKeys keys = order_record_keys(parse_record_keys(text, records.size(), paths), records, paths);
    scan_records(forward, paths, keys, {}, reader);
  });
  return 0;
}
