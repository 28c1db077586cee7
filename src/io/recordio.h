// RecordIO of dmlc-core (recordio.h, recordio_split): MXNet's and InsightFace's .rec. Little-endian.
//
// A record is its payload in one part or several; before each part stand the magic number and a word of 3 bits (0
// whole, 1 first, 2 middle, 3 last part) and 29 bits (the part's bytes), behind it zeros up to a multiple of 4. A
// payload that has the magic number at a multiple of 4 is split there, and the number left out.
//
// The payload of an image is an IRHeader (python/mxnet/recordio.py), labels, and the bytes of an image file.
//
// What is thrown here names the offset, but no file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/byte_source.h"

namespace facerec {

inline constexpr uint32_t recordio_magic = 0xCED7230A;
inline constexpr uint64_t recordio_part_limit = uint64_t{1} << 29;  // a part has fewer bytes

struct RecordPlace {
  uint64_t size = 0;   // of the payload, its parts joined
  uint64_t end = 0;    // where the next record begins
  bool whole = false;  // false: the file ends before the record does, and size and end are as far as it goes
};

// Walks over the record at `offset`; `head` gets the first bytes of its payload, as many as both have. Throws Error
// when there is no record, or its parts do not belong together.
RecordPlace measure_record(const ByteSource& source, uint64_t offset, std::span<std::byte> head);

// The payload of the record at `offset`. Throws Error, also when the file ends before it does.
std::vector<std::byte> read_record(const ByteSource& source, uint64_t offset);

// What stands before the image.
struct RecordHeader {
  uint32_t flag = 0;             // how many labels follow the header; 0: it has one in it
  std::array<float, 2> label{};  // the first two; the second is 0 when there is none
  uint64_t id = 0, id2 = 0;
  uint64_t image_size = 0;  // bytes behind the labels

  // A range of keys and no image: the record of an identity, and key 0 before them.
  bool is_range() const { return flag == 2 && image_size == 0; }
};

// The header of a payload of `size` bytes, from its first bytes: `head` has record_head_size of them, or all.
inline constexpr uint64_t record_head_size = 32;
RecordHeader parse_record_header(std::span<const std::byte> head, uint64_t size);

// A record with its parts as they stand in a file. `header.flag` is at most 2; `image_size` is that of `image`. Throws
// Error when that is too large for a record.
std::vector<std::byte> make_record(const RecordHeader& header, std::span<const std::byte> image);

}  // namespace facerec
