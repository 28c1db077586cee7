// The orientation that a camera wrote into a JPEG.
#pragma once

#include <cstddef>
#include <span>

#include "facerec/image/image.h"

namespace facerec {

// EXIF 2.3 tag 0x0112: 1 (upright) … 8; 1 when absent or unreadable.
int exif_orientation(std::span<const std::byte> jpeg);

// The image turned and mirrored so that it is upright.
Image upright(Image image, int orientation);

}  // namespace facerec
