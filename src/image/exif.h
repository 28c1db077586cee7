// Images turned upright.
#pragma once

#include "facerec/image/exif.h"
#include "facerec/image/image.h"

namespace facerec {

// The image turned and mirrored so that it is upright.
Image upright(Image image, int orientation);

}  // namespace facerec
