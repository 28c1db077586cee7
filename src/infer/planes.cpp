#include "infer/planes.h"

#include <algorithm>
#include <cmath>

namespace facerec {
namespace {

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F))); }

float luma_of(const uint8_t* rgb) {
  return 0.299F * static_cast<float>(rgb[0]) + 0.587F * static_cast<float>(rgb[1]) +
         0.114F * static_cast<float>(rgb[2]);
}

}  // namespace

Planes planes_of(const Image& image, int channels, float range) {
  Planes planes(channels, image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const uint8_t* rgb = image.row(y) + 3 * x;
      for (int c = 0; c < channels; ++c) {
        planes.at(c, y, x) = (channels == 1 ? luma_of(rgb) : static_cast<float>(rgb[c])) * range / 255;
      }
    }
  }
  return planes;
}

Image image_of(const Planes& planes, float range) {
  Image image(planes.width, planes.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) image.row(y)[3 * x + c] = to_byte(planes.at(c, y, x) * 255 / range);
    }
  }
  return image;
}

// With the same Cb and Cr, every channel moves as the luma does.
Image with_luma(Image image, const Planes& luma, float range) {
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      uint8_t* rgb = image.row(y) + 3 * x;
      const float change = luma.at(0, y, x) * 255 / range - luma_of(rgb);
      for (int c = 0; c < 3; ++c) rgb[c] = to_byte(static_cast<float>(rgb[c]) + change);
    }
  }
  return image;
}

}  // namespace facerec
