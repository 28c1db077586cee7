// The head as a surface in space: a stack of half-ellipses, with nose, brows, cheeks, lips and hair raised from it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/synth/maths.h"
#include "data/synth/person.h"
#include "data/synth/shot.h"

namespace facerec::synth {

enum class Material : uint8_t { none, face, ear };

struct Vertex {
  Vec3 position;
  Vec3 normal;
  // Where on the surface: x, y as seen from the front; turn: 0 at the middle, ±1 at the sides, further behind.
  // On an ear x and y run over -1 … 1.
  float x, y, turn;
};

// A grid of rows × columns vertices, with a quadrilateral between every four.
struct Mesh {
  int rows, columns;
  Material material;
  std::vector<Vertex> vertices;  // row after row

  size_t index(int row, int column) const {
    return static_cast<size_t>(row) * static_cast<size_t>(columns) + static_cast<size_t>(column);
  }
};

class Head {
 public:
  Head(const Person& person, const Shot& shot);

  Mesh skull() const;
  Mesh ear(float side) const;  // side: -1 on the image's left, 1 on its right

  // Image-left eye, image-right eye, tip of the nose, image-left and image-right corner of the mouth.
  std::array<Vec3, 5> landmarks() const;

  // The mouth as this picture's expression shapes it.
  struct Mouth {
    float y, half_width, upper, lower, lift, open;
  };
  const Mouth& mouth() const { return mouth_; }
  float chin_y() const { return chin_y_; }

 private:
  float width(float y) const;
  float front(float y) const;
  float relief(float x, float y) const;
  Vec3 smooth_surface(float y, float turn) const;  // without relief and hair
  Vec3 surface(float y, float turn) const;
  Vec3 on_front(float x, float y) const;

  const Person& person_;
  const Shot& shot_;
  Mouth mouth_;
  float chin_y_;
  std::array<float, 7> widths_, fronts_;
};

// y of the hairline at `turn`; hair grows above it.
float hairline(const Hair& hair, float turn);

}  // namespace facerec::synth
