// Images as OpenCV sees them.
#pragma once

#include <opencv2/core.hpp>

#include "facerec/image/image.h"

namespace facerec {

// The image's own memory, which is only to be written through the Mat of one that is not const.
inline cv::Mat as_mat(const Image& image) {
  return {image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data())};
}

}  // namespace facerec
