// What a detector finds.
#pragma once

#include <array>

namespace facerec {

// Pixels of the image as it is seen, after EXIF rotation: (0, 0) is the centre of its first pixel.
struct Point {
  float x = 0, y = 0;
};

struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float width() const { return x2 - x1; }
  float height() const { return y2 - y1; }
};

// The eyes, the nose's tip and the corners of the mouth; of each pair the one on the image's left first.
using Landmarks = std::array<Point, 5>;

struct Face {
  Box box = {};     // may reach beyond the image
  float score = 0;  // 0 … 1, of the detector's own scale
  Landmarks landmarks{};
};

}  // namespace facerec
