// The arithmetic of the face renderer. Everything here uses only operations that IEEE 754 defines exactly, so that the
// pictures do not depend on the C library (its sin and exp differ between processors).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace facerec::synth {

inline constexpr float pi = 3.14159265358979F;

struct Vec2 {
  float x = 0, y = 0;
};

// A point or direction (x to the right of the image, y down, z towards the viewer), or a colour in linear light.
struct Vec3 {
  float x = 0, y = 0, z = 0;
};
using Rgb = Vec3;

inline Vec2 operator+(Vec2 a, Vec2 b) { return {a.x + b.x, a.y + b.y}; }
inline Vec2 operator-(Vec2 a, Vec2 b) { return {a.x - b.x, a.y - b.y}; }
inline Vec2 operator*(Vec2 a, float s) { return {a.x * s, a.y * s}; }
inline float dot(Vec2 a, Vec2 b) { return a.x * b.x + a.y * b.y; }
inline float cross(Vec2 a, Vec2 b) { return a.x * b.y - a.y * b.x; }

inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(Vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(Vec3 a, Vec3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
inline Vec3 normalised(Vec3 a) { return a * (1.0F / std::sqrt(dot(a, a) + 1e-12F)); }

inline float square(float x) { return x * x; }
inline float magnitude(float x) { return x < 0 ? -x : x; }
inline float clamp01(float x) { return std::min(std::max(x, 0.0F), 1.0F); }
inline float mix(float a, float b, float t) { return a + (b - a) * t; }
inline Vec3 mix(Vec3 a, Vec3 b, float t) { return a + (b - a) * t; }

// 0 up to `from`, 1 beyond `to`, smooth between.
inline float smooth(float from, float to, float x) {
  const float t = clamp01((x - from) / (to - from));
  return t * t * (3.0F - 2.0F * t);
}

// A hill of height 1 and radius 1, given the squared distance from its centre.
inline float bump(float squared) { return squared < 1.0F ? square(1.0F - squared) : 0.0F; }

// Largest error 4e-6 on [-pi, pi]; used no further out.
inline float sine(float x) {
  if (x > pi / 2) x = pi - x;
  if (x < -pi / 2) x = -pi - x;
  const float s = x * x;
  return x * (1.0F + s * (-1.0F / 6 + s * (1.0F / 120 + s * (-1.0F / 5040 + s * (1.0F / 362880)))));
}
inline float cosine(float x) { return sine(pi / 2 - (x < 0 ? -x : x)); }

// [0, 1) for each point of a grid.
inline float lattice(int32_t x, int32_t y, uint32_t seed) {
  uint32_t h = static_cast<uint32_t>(x) * 0x8DA6B343U ^ static_cast<uint32_t>(y) * 0xD8163841U ^ seed;
  h = (h ^ (h >> 15)) * 0x2C1B3C6DU;
  h = (h ^ (h >> 13)) * 0x297A2D39U;
  return static_cast<float>((h ^ (h >> 16)) >> 8) * 0x1.0p-24F;
}

// std::floor is a call into the C library on processors without SSE 4.1, which the compiler must assume.
inline int32_t floor_of(float x) {
  const auto truncated = static_cast<int32_t>(x);
  return truncated - (static_cast<float>(truncated) > x ? 1 : 0);
}

inline float fraction(float x) { return x - static_cast<float>(floor_of(x)); }

// Smooth noise in [0, 1) with features about one unit wide.
inline float noise(float x, float y, uint32_t seed) {
  const int32_t ix = floor_of(x), iy = floor_of(y);
  const float u = x - static_cast<float>(ix), v = y - static_cast<float>(iy);
  const float tx = u * u * (3 - 2 * u), ty = v * v * (3 - 2 * v);
  return mix(mix(lattice(ix, iy, seed), lattice(ix + 1, iy, seed), tx),
             mix(lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed), tx), ty);
}

// Linear light from a colour as a screen takes it (0 … 1), with the gamma of 2 that the renderer uses throughout.
inline Rgb linear(float r, float g, float b) { return {r * r, g * g, b * b}; }

}  // namespace facerec::synth
