#include "image/drawing.h"

#include <algorithm>

namespace facerec {

bool Area::overlaps(const Area& other) const {
  return x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height;
}

void fill(Image& image, const Area& area, Colour colour) {
  const int left = std::max(area.x, 0), right = std::min(area.x + area.width, image.width);
  const int bottom = std::min(area.y + area.height, image.height);
  for (int y = std::max(area.y, 0); y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = colour.r;
      pixel[1] = colour.g;
      pixel[2] = colour.b;
    }
  }
}

void frame(Image& image, const Area& area, Colour colour, int thickness) {
  const int x = area.x - thickness, y = area.y - thickness;
  const int width = area.width + 2 * thickness, height = area.height + 2 * thickness;
  fill(image, {x, y, width, thickness}, colour);
  fill(image, {x, area.y + area.height, width, thickness}, colour);
  fill(image, {x, y, thickness, height}, colour);
  fill(image, {area.x + area.width, y, thickness, height}, colour);
}

void draw(Image& image, int x, int y, const Lettering& lettering, Colour colour) {
  const uint8_t ink[] = {colour.r, colour.g, colour.b};
  for (int row = std::max(0, -y); row < std::min(lettering.height, image.height - y); ++row) {
    for (int column = std::max(0, -x); column < std::min(lettering.width, image.width - x); ++column) {
      const int coverage =
          lettering
              .coverage[static_cast<size_t>(row) * static_cast<size_t>(lettering.width) + static_cast<size_t>(column)];
      uint8_t* pixel = image.row(y + row) + 3 * (x + column);
      for (int c = 0; c < 3; ++c)
        pixel[c] = static_cast<uint8_t>((pixel[c] * (255 - coverage) + ink[c] * coverage + 127) / 255);
    }
  }
}

}  // namespace facerec
