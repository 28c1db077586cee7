#include "io/tf_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "facerec/core/error.h"
#include "io/checksums.h"
#include "io/crc32c.h"

namespace facerec {
namespace {

using Head = std::span<const std::byte, tf_record_head>;

template <class T>
T number(std::span<const std::byte> bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool confirms(std::span<const std::byte> checksum, std::span<const std::byte> bytes) {
  return number<uint32_t>(checksum) == mask_crc32c(crc32c(bytes));
}

bool has_length(Head head) { return confirms(head.subspan<8>(), head.first<8>()); }

Error cut_off(uint64_t offset) {
  return Error("the file ends inside the record that begins here")
      .offset(offset)
      .hint("it may not have arrived whole: get it again");
}

uint64_t length_of(Head head, uint64_t offset) {
  if (checksums_count && !has_length(head)) {
    if (offset == 0) throw Error("is no TFRecord file: no length with its checksum begins it").offset(offset);
    throw Error("the checksum of a record's length is wrong")
        .offset(offset)
        .hint("the records behind it cannot be found: get the file again");
  }
  const auto length = number<uint64_t>(head);
  if (length > max_tf_record) {
    throw Error(fmt::format("a record of {} bytes, where at most {} are read", length, max_tf_record)).offset(offset);
  }
  return length;
}

}  // namespace

uint64_t TfRecordReader::end_of(uint64_t offset) const {
  if (offset > size_ || size_ - offset < tf_record_head) throw cut_off(offset);
  std::array<std::byte, tf_record_head> head;
  file_.read(offset, head);
  const uint64_t whole = tf_record_head + length_of(head, offset) + tf_record_tail;
  if (whole > size_ - offset) throw cut_off(offset);
  return offset + whole;
}

TfRecord TfRecordReader::read(uint64_t offset) {
  const uint64_t end = end_of(offset);
  record_.resize(end - offset - tf_record_head);
  file_.read(offset + tf_record_head, record_);
  const std::span<const std::byte> record = record_;
  return {record.first(record.size() - tf_record_tail), record.last(tf_record_tail), end};
}

bool TfRecord::intact() const { return !checksums_count || confirms(checksum, data); }

bool begins_tf_record(std::span<const std::byte> file) {
  return file.size() >= tf_record_head && has_length(file.first<tf_record_head>());
}

std::vector<std::byte> write_tf_record(std::span<const std::byte> data) {
  if (data.size() > max_tf_record) {
    throw Error(fmt::format("a record of {} bytes, where at most {} are written", data.size(), max_tf_record));
  }
  std::vector<std::byte> record;
  record.reserve(tf_record_head + data.size() + tf_record_tail);
  auto add = [&](std::span<const std::byte> bytes) { record.insert(record.end(), bytes.begin(), bytes.end()); };
  auto add_checksum = [&](std::span<const std::byte> bytes) {
    const uint32_t checksum = mask_crc32c(crc32c(bytes));
    add(std::as_bytes(std::span(&checksum, 1)));
  };
  const uint64_t length = data.size();
  add(std::as_bytes(std::span(&length, 1)));
  add_checksum(std::as_bytes(std::span(&length, 1)));
  add(data);
  add_checksum(data);
  return record;
}

void TfRecordStream::take(std::span<const std::byte> piece) {
  while (!piece.empty()) {
    const bool in_head = there_ < tf_record_head;
    const size_t count = std::min<uint64_t>(piece.size(), (in_head ? tf_record_head : whole_) - there_);
    if (in_head) std::memcpy(head_.data() + there_, piece.data(), count);
    there_ += count;
    if (in_head && there_ == tf_record_head) whole_ = tf_record_head + length_of(head_, offset_) + tf_record_tail;
    if (!in_head && there_ == whole_) {
      offset_ += whole_;
      there_ = 0;
    }
    piece = piece.subspan(count);
  }
}

void TfRecordStream::finish() const {
  if (there_ > 0) throw cut_off(offset_);
}

}  // namespace facerec
