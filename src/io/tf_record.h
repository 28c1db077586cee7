// TensorFlow's record files (tensorflow/core/lib/io/record_writer.h), all numbers little-endian:
//     u64 length   u32 masked CRC-32C of the length   the record's bytes   u32 masked CRC-32C of them
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/byte_source.h"

namespace facerec {

// The largest record that is read or written, 64 MiB: no image of a training set comes near it.
inline constexpr uint64_t max_tf_record = uint64_t{64} << 20;
// What a record takes beside its own bytes.
inline constexpr uint64_t tf_record_head = 12, tf_record_tail = 4;

struct TfRecord {
  std::span<const std::byte> data, checksum;  // in the reader's memory
  uint64_t end;                               // in the file

  bool intact() const;  // whether the checksum is right; computes it
};

class TfRecordReader {
 public:
  // The records are the first `size` bytes of `file`, which outlives the reader and has so many.
  TfRecordReader(const ByteSource& file, uint64_t size) : file_(file), size_(size) {}

  // The record at `offset`, which may be anything; valid until the next one is read. Throws Error, with the offset,
  // when no record begins there: it has no length that its checksum confirms, is longer than max_tf_record, or ends
  // beyond the file.
  TfRecord read(uint64_t offset);
  uint64_t end_of(uint64_t offset) const;  // of the same record, without reading it

 private:
  const ByteSource& file_;
  uint64_t size_;
  std::vector<std::byte> record_;  // with its tail
};

// True when the file begins with a length and its checksum, which nothing else does by chance.
bool begins_tf_record(std::span<const std::byte> file);

// The record with its head and tail. Throws Error when `data` is larger than max_tf_record.
std::vector<std::byte> write_tf_record(std::span<const std::byte> data);

// Follows the records of a file that comes piece by piece, as unpacking gives it, and keeps none of it. The checksums
// of the records themselves are left to TfRecord::intact.
class TfRecordStream {
 public:
  void take(std::span<const std::byte> piece);  // throws Error as TfRecordReader does
  void finish() const;                          // throws Error when the last record is cut off

 private:
  std::array<std::byte, tf_record_head> head_{};
  uint64_t offset_ = 0;  // of the record at hand, in the file
  uint64_t there_ = 0;   // bytes of it that have come
  uint64_t whole_ = 0;   // its size, once its head has come
};

}  // namespace facerec
