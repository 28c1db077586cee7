// Images as networks of super-resolution take and give them.
#pragma once

#include <vector>

#include "facerec/image/image.h"

namespace facerec {

// An image channel by channel.
struct Planes {
  int channels = 0, width = 0, height = 0;
  std::vector<float> values;  // channels × height × width

  Planes() = default;
  Planes(int c, int w, int h)
      : channels(c),
        width(w),
        height(h),
        values(static_cast<size_t>(c) * static_cast<size_t>(w) * static_cast<size_t>(h)) {}
  float& at(int c, int y, int x) { return values[index(c, y, x)]; }
  float at(int c, int y, int x) const { return values[index(c, y, x)]; }

 private:
  size_t index(int c, int y, int x) const {
    return (static_cast<size_t>(c) * static_cast<size_t>(height) + static_cast<size_t>(y)) *
               static_cast<size_t>(width) +
           static_cast<size_t>(x);
  }
};

// The colours of an image, or with one channel its luma (BT.601, as JPEG and Pillow's YCbCr have it), from 0 to
// `range`.
Planes planes_of(const Image& image, int channels, float range);

// Of three channels; rounded and clamped.
Image image_of(const Planes& planes, float range);

// The image with this luma in place of its own: Cb and Cr stay.
Image with_luma(Image image, const Planes& luma, float range);

}  // namespace facerec
