// Unpacks gzip (RFC 1952) and zlib (RFC 1950) streams piece by piece, as TensorFlow's record files are compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "io/byte_source.h"

namespace facerec {

// True for what begins like one of the two; the first two bytes tell.
bool is_deflated(std::span<const std::byte> bytes);

class Inflater {
 public:
  // A stream may unpack to 64 times its size and 64 MiB more: images hardly shrink, and lists of paths to a tenth.
  static constexpr uint64_t max_growth = 64, free_growth = uint64_t{64} << 20;

  explicit Inflater(const ByteSource& packed);  // `packed` outlives it
  ~Inflater();

  // The next bytes, at most 256 KiB and valid until the next call; none at the end. Several gzip streams behind each
  // other count as one. Throws Error, with the offset in `packed`, for a damaged or unfinished stream, a wrong
  // checksum, for anything behind the end, and above this growth.
  std::span<const std::byte> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facerec
