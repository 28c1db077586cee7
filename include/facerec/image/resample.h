// Resampling as the peers do it, to the last bit where the result is 8-bit: networks were trained behind it.
#pragma once

#include <cstdint>
#include <span>

#include "facerec/image/image.h"

namespace facerec {

// Pillow's Image.resize for 8-bit images: a separable filter, stretched when the image shrinks (so that every pixel
// counts), in fixed point of 22 bits and rounded to 8 bits between the passes (Pillow's src/libImaging/Resample.c).
// Equal to it.
enum class PillowFilter { bilinear, bicubic };
Image resize_pillow(const Image& image, int width, int height, PillowFilter filter);

// A part of an image, in pixels; lies within it.
struct Window {
  int x = 0, y = 0, width = 0, height = 0;
};

// torch.nn.functional.interpolate(mode="area"): pixel i of n out of m averages the pixels floor(i·m/n) …
// ceil((i+1)·m/n) − 1, in fp32 and not rounded. out: height × width × 3, of `rows` from `first_row` on only.
void resize_area(const Image& image, const Window& window, int width, int height, int first_row, int rows, float* out);

}  // namespace facerec
