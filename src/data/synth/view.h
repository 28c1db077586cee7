// From the head to the picture: pose, perspective, alignment, and which part of the surface each pixel shows.
#pragma once

#include <array>
#include <vector>

#include "data/synth/head.h"
#include "data/synth/maths.h"
#include "data/synth/shot.h"

namespace facerec::synth {

// What one pixel shows. Material::none: nothing of the head.
struct Fragment {
  float depth = -1e9F;  // larger is nearer
  float x = 0, y = 0, turn = 0;
  Vec3 normal;  // as the camera sees it, not of unit length
  Material material = Material::none;
};

// A linear map of the plane and its shift.
struct Affine {
  Vec2 origin, dx, dy;
  Vec2 operator()(Vec2 p) const { return origin + dx * p.x + dy * p.y; }
  Affine inverse() const;
};

class View {
 public:
  // The similarity that puts `landmarks` on ArcFace's template, as alignment would, then the shot's misalignment;
  // `size`: width and height of the picture in pixels.
  View(const Shot& shot, const std::array<Vec3, 5>& landmarks, int size);

  Vec3 turned(Vec3 direction) const;
  // x, y in pixels; z: depth.
  Vec3 project(Vec3 point) const;
  // Millimetres of a pixel at the face.
  float pixel() const { return 1 / scale_; }
  // From millimetres in the head's plane z = `z` to pixels, without perspective within the plane.
  Affine plane(float z) const;

 private:
  std::array<Vec3, 3> rows_;  // of the rotation
  float distance_, scale_ = 1;
  Affine crop_{{0, 0}, {1, 0}, {0, 1}};
};

// The picture as fragments, row by row.
class Canvas {
 public:
  explicit Canvas(int size) : size_(size), fragments_(static_cast<size_t>(size) * static_cast<size_t>(size)) {}
  void draw(const Mesh& mesh, const View& view);
  int size() const { return size_; }
  const Fragment& at(int x, int y) const { return fragments_[index(x, y)]; }

 private:
  struct Corner {
    Vec3 screen, normal;
    float x, y, turn;
  };
  size_t index(int x, int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(size_) + static_cast<size_t>(x);
  }
  void triangle(const Corner& a, const Corner& b, const Corner& c, Material material);

  int size_;
  std::vector<Fragment> fragments_;
};

}  // namespace facerec::synth
