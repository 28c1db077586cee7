// What a camera writes of how it was held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace facerec::test {

// An APP1 segment of a JPEG, which stands behind its first two bytes: one IFD entry, the orientation, little-endian.
inline std::vector<std::byte> exif_segment(uint8_t orientation) {
  const std::vector<uint8_t> app1{0xFF, 0xE1, 0,    34, 'E', 'x', 'i', 'f', 0, 0, 'I',         'I', 42, 0, 8, 0, 0, 0,
                                  1,    0,    0x12, 1,  3,   0,   1,   0,   0, 0, orientation, 0,   0,  0, 0, 0, 0, 0};
  const auto* begin = reinterpret_cast<const std::byte*>(app1.data());
  return {begin, begin + app1.size()};
}

}  // namespace facerec::test
