// What a camera wrote of how it was held.
#pragma once

#include <cstddef>
#include <span>

namespace facerec {

// EXIF 2.3 tag 0x0112 of a JPEG: 1 (upright) … 8; 1 when absent or unreadable. decode_image() turns images so; from 5
// on their width and height change places.
int exif_orientation(std::span<const std::byte> jpeg);

}  // namespace facerec
