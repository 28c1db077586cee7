// Who a face belongs to: what stays the same in all of a person's pictures.
//
// Lengths are millimetres on a head whose eyes are level at y = 0: x to the right of the picture, y down, z towards the
// viewer. Angles are radians, colours linear light.
#pragma once

#include <array>
#include <cstdint>

#include "data/synth/maths.h"

namespace facerec::synth {

struct HeadShape {
  float temple, cheek, jaw, chin;  // half-widths, relative to the average
  float chin_y, squareness;        // squareness: 0 pointed … 1 square chin
  float cheekbone, brow_ridge, chin_forward, forehead_slope;
};

struct EyeShape {
  float spacing;                     // of an eye's centre from the middle
  float half_width, upper, lower;    // lid heights when open
  float slant, skew, crease, depth;  // crease: height of the fold above the lid
  float iris_radius, lash;
  Rgb iris;
};

struct BrowShape {
  float y, thickness, arch, slope, inner, outer, density;
};

struct NoseShape {
  float length, height, bridge_width, bridge_height, tip_radius, ala, hook, nostril;
};

struct MouthShape {
  float y, half_width, upper, lower, bow, lift;
  Rgb colour;
};

struct Hair {
  float top, temple, side;            // y of the hairline at the middle, the temple and beside the eye
  float sweep, peak, volume, ragged;  // sweep: asymmetry; peak: of the middle
  float curl;                         // 0 straight … 1 curly
  bool falls;                         // down behind the neck
  Rgb colour;
};

struct Beard {
  float moustache, chin, cheeks;  // cover, 0 … 1
  Rgb colour;
};

struct Mole {
  float x, y, radius, darkness;
};

struct Scar {
  Vec2 from, to;
  float strength;  // 0: none
};

struct Person {
  HeadShape head;
  EyeShape eyes;
  BrowShape brows;
  NoseShape nose;
  MouthShape mouth;
  Hair hair;
  Beard beard;
  std::array<Mole, 6> moles;  // radius 0: none
  Scar scar;
  Mole birthmark;
  Rgb skin;
  float blush, freckles, gloss;
  float ear_size, ear_angle;
  float age;         // years, in the middle of the pictures
  uint32_t texture;  // seed of skin and hair texture
};

// The same person for the same numbers. Held-out identities have numbers of their own (see dataset.cpp).
Person draw_person(uint64_t seed, uint64_t identity);

}  // namespace facerec::synth
