// Frames and text in photographs. Coordinates are pixels; what lies outside the image is left out.
#pragma once

#include "facerec/image/image.h"
#include "image/canvas.h"
#include "image/lettering.h"

namespace facerec {

// Of a rectangle of pixels; (x, y) is its first.
struct Area {
  int x = 0, y = 0, width = 0, height = 0;

  bool overlaps(const Area& other) const;
};

void fill(Image& image, const Area& area, Colour colour);
void frame(Image& image, const Area& area, Colour colour, int thickness);  // around the area, not in it
void draw(Image& image, int x, int y, const Lettering& lettering, Colour colour);

}  // namespace facerec
