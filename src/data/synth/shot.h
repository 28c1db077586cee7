// The circumstances of one picture: what differs between two pictures of a person.
#pragma once

#include <array>
#include <cstdint>

#include "data/synth/maths.h"
#include "data/synth/person.h"

namespace facerec::synth {

enum class Mood { neutral, smile, surprise };
enum class Glasses { none, clear, sun };
enum class Cover { none, mask, object };

struct Expression {
  Mood mood;
  float smile, open, teeth;  // smile 0 … 1; open: mm between the lips; teeth 0 … 1
  float brow_raise, frown;   // mm, 0 … 1
  float eye_open;            // of the person's lid height; 0: shut
  Vec2 gaze;                 // mm
};

struct Light {
  Vec3 direction;  // from the face to the lamp, unit length
  Vec3 half;       // halfway between lamp and viewer, unit length: where highlights face
  Rgb key, ambient;
  float azimuth, elevation;  // degrees; azimuth > 0: from the image's right
};

struct GlassesShape {
  Glasses kind;
  Vec2 half_size;
  float corner, rim, y, tint;
  Rgb colour;
};

struct Backdrop {
  Rgb left, right, clothes;
  uint32_t texture;
  float busy;  // contrast of its pattern, 0 … 1
};

struct Shot {
  float yaw, pitch, roll;  // degrees; yaw > 0: turned to the image's right; pitch > 0: looking up; roll: clockwise
  float distance;          // mm from the camera: perspective
  Expression expression;
  Light light;
  GlassesShape glasses;
  Cover cover;
  Rgb cover_colour;
  std::array<Vec2, 2> object;  // the axis of what covers the face, as fractions of the image
  float object_radius;         // likewise
  float age;                   // years
  Backdrop backdrop;
  Vec2 shift;  // of the crop, as a fraction of its size
  float zoom;  // 1: exactly aligned
  float exposure, contrast, saturation;
  float blur;      // deviation, in pixels of a 112 × 112 image
  float grain;     // deviation, of 255
  uint32_t noise;  // seed
  int jpeg_quality;
};

// `difficulty` widens every range; 0 leaves a frontal, neutral, evenly lit picture.
Shot draw_shot(const Person& person, uint64_t seed, uint64_t identity, uint64_t image, float difficulty);

}  // namespace facerec::synth
