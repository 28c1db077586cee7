// What tests/golden/resample.safetensors and degrade.safetensors were made of: a pattern of steps, ramps and wraps.
#pragma once

#include "facerec/image/image.h"

namespace facerec::test {

inline Image pattern() {
  Image image(61, 47);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] = static_cast<uint8_t>(x * x * 3 + y * 7 * (c + 1) + x * y * (c + 2) + c * 50);
      }
    }
  }
  return image;
}

}  // namespace facerec::test
