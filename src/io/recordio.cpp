#include "io/recordio.h"

#include <fmt/format.h>

#include <cstring>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr uint64_t part_head_size = 8, header_size = 24;  // header_size: IRHeader, "IfQQ"
enum Continuation : uint32_t { whole = 0, first = 1, middle = 2, last = 3 };

uint64_t aligned(uint64_t size) { return (size + 3) / 4 * 4; }

template <class Number>
Number number_at(std::span<const std::byte> bytes, uint64_t place) {
  Number value{};
  std::memcpy(&value, bytes.data() + place, sizeof value);
  return value;
}

template <class Number>
void append(std::vector<std::byte>& bytes, const Number& number) {
  const auto more = std::as_bytes(std::span(&number, 1));
  bytes.insert(bytes.end(), more.begin(), more.end());
}

struct Part {
  uint32_t continuation = 0;
  uint64_t begin = 0, size = 0;  // of its bytes of the payload
};

Part read_part(const ByteSource& source, uint64_t offset) {
  std::array<std::byte, part_head_size> head{};
  source.read(offset, head);
  if (number_at<uint32_t>(head, 0) != recordio_magic) throw Error("no record begins here").offset(offset);
  const auto word = number_at<uint32_t>(head, 4);
  return {word >> 29, offset + part_head_size, word % recordio_part_limit};
}

void check_order(uint32_t continuation, bool is_first, uint64_t offset) {
  if (continuation > last) throw Error(fmt::format("a part has the unknown cflag {}", continuation)).offset(offset);
  const bool starts = continuation == whole || continuation == first;
  if (starts == is_first) return;
  const char* fault = is_first ? "a record begins with a later part" : "a record that is split has no last part";
  throw Error(fmt::format("{} (cflag {})", fault, continuation)).offset(offset);
}

// Calls take(part, is_first) for each part that is whole.
template <class Take>
RecordPlace walk(const ByteSource& source, uint64_t offset, const Take& take) {
  RecordPlace place{.size = 0, .end = offset, .whole = false};
  for (bool is_first = true;; is_first = false) {
    if (place.end > source.size() || source.size() - place.end < part_head_size) return place;
    const Part part = read_part(source, place.end);
    check_order(part.continuation, is_first, place.end);
    if (aligned(part.size) > source.size() - part.begin) return place;
    take(part, is_first);
    place.size += part.size + (is_first ? 0 : sizeof recordio_magic);
    place.end = part.begin + aligned(part.size);
    if (part.continuation == whole || part.continuation == last) {
      place.whole = true;
      return place;
    }
  }
}

}  // namespace

RecordPlace measure_record(const ByteSource& source, uint64_t offset, std::span<std::byte> head) {
  const auto magic = std::as_bytes(std::span(&recordio_magic, 1));
  const auto fill = [&](uint64_t size, auto copy) {
    const std::span<std::byte> part = head.first(std::min<uint64_t>(size, head.size()));
    copy(part);
    head = head.subspan(part.size());
  };
  return walk(source, offset, [&](const Part& part, bool is_first) {
    if (head.empty()) return;
    if (!is_first) {
      fill(magic.size(), [&](std::span<std::byte> into) { std::ranges::copy(magic.first(into.size()), into.begin()); });
    }
    fill(part.size, [&](std::span<std::byte> into) { source.read(part.begin, into); });
  });
}

std::vector<std::byte> read_record(const ByteSource& source, uint64_t offset) {
  std::vector<std::byte> payload;
  const RecordPlace place = walk(source, offset, [&](const Part& part, bool is_first) {
    if (!is_first) append(payload, recordio_magic);
    const size_t before = payload.size();
    payload.resize(before + part.size);
    source.read(part.begin, std::span(payload).subspan(before));
  });
  if (!place.whole) throw Error("the file ends before the record does").offset(offset);
  return payload;
}

RecordHeader parse_record_header(std::span<const std::byte> head, uint64_t size) {
  if (size < header_size) throw Error(fmt::format("a record of {} bytes is too short for an image", size));
  RecordHeader header{.flag = number_at<uint32_t>(head, 0),
                      .label = {number_at<float>(head, 4), 0},
                      .id = number_at<uint64_t>(head, 8),
                      .id2 = number_at<uint64_t>(head, 16),
                      .image_size = 0};
  const uint64_t labels = uint64_t{header.flag} * sizeof(float);
  if (labels > size - header_size) {
    throw Error(fmt::format("a record of {} bytes claims {} labels", size, header.flag));
  }
  for (uint64_t i = 0; i < std::min<uint64_t>(header.flag, header.label.size()); ++i) {
    header.label[i] = number_at<float>(head, header_size + i * sizeof(float));
  }
  header.image_size = size - header_size - labels;
  return header;
}

std::vector<std::byte> make_record(const RecordHeader& header, std::span<const std::byte> image) {
  std::vector<std::byte> payload;
  append(payload, header.flag);
  append(payload, header.flag == 0 ? header.label[0] : 0.0F);
  append(payload, header.id);
  append(payload, header.id2);
  for (uint32_t i = 0; i < header.flag; ++i) append(payload, header.label.at(i));
  if (image.size() >= recordio_part_limit - payload.size()) {
    throw Error(fmt::format("an image of {} bytes is too large for a record", image.size()));
  }
  payload.insert(payload.end(), image.begin(), image.end());

  std::vector<std::byte> record;
  const auto put = [&](Continuation continuation, uint64_t begin, uint64_t end) {
    append(record, recordio_magic);
    append(record, static_cast<uint32_t>(continuation << 29 | (end - begin)));
    record.insert(record.end(), payload.data() + begin, payload.data() + end);
  };
  uint64_t begin = 0;
  for (uint64_t i = 0; i + sizeof recordio_magic <= payload.size(); i += sizeof recordio_magic) {
    if (number_at<uint32_t>(payload, i) != recordio_magic) continue;
    put(begin == 0 ? first : middle, begin, i);
    begin = i + sizeof recordio_magic;
  }
  put(begin == 0 ? whole : last, begin, payload.size());
  record.resize(aligned(record.size()));
  return record;
}

}  // namespace facerec
