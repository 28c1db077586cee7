// The colour of each point of the head.
#pragma once

#include "data/synth/head.h"
#include "data/synth/maths.h"
#include "data/synth/person.h"
#include "data/synth/shot.h"
#include "data/synth/view.h"

namespace facerec::synth {

// What light meets at a point. shade: how much light reaches it at all; gloss: strength of reflections.
struct Paint {
  Rgb colour;
  float shade = 1, gloss = 0;

  void lay(Rgb over, float cover) { colour = mix(colour, over, cover); }
  void darken(float by) { shade *= 1 - by; }
};

class Painter {
 public:
  // `pixel`: millimetres of a pixel, the width over which edges fade. The references must outlive the painter.
  Painter(const Person& person, const Shot& shot, const Head& head, float pixel);

  Paint paint(const Fragment& f) const;

 private:
  // Cover of a pixel whose middle lies `inside` millimetres within a shape.
  float edge(float inside) const { return clamp01(inside * per_pixel_ + 0.5F); }
  // Cover of a line of this half-width at a distance from it; a line thinner than a pixel becomes faint.
  float stroke(float distance, float half_width) const;

  Paint skin(float x, float y) const;
  void contours(Paint& p, float x, float y) const;
  void age_lines(Paint& p, float x, float y) const;
  void marks(Paint& p, float x, float y) const;
  void freckles(Paint& p, float x, float y) const;
  void beard(Paint& p, float x, float y) const;
  void nose(Paint& p, float x, float y) const;
  void mouth(Paint& p, float x, float y) const;
  void eye(Paint& p, float x, float y) const;
  void iris(Paint& p, float x, float y, float cover) const;
  void brow(Paint& p, float x, float y) const;
  void hair(Paint& p, const Fragment& f) const;
  void mask(Paint& p, float x, float y) const;
  Paint ear(const Fragment& f) const;

  const Person& person_;
  const Shot& shot_;
  Head::Mouth mouth_;
  float chin_y_, per_pixel_, pixel_;
  float wrinkles_;  // 0 … 1
  float hair_end_;  // no hair lies below this y in front of the temples
  Rgb hair_colour_, brow_colour_;
};

}  // namespace facerec::synth
