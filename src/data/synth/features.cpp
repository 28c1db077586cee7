// Eyes, brows, nose and mouth.
#include "data/synth/paint.h"

namespace facerec::synth {
namespace {}  // namespace

void Painter::eye(Paint& p, float x, float y) const {
  const EyeShape& e = person_.eyes;
  const float outward = magnitude(x) - e.spacing, t = outward / e.half_width;
  if (magnitude(outward) > e.half_width + 4 || y < -24 || y > 14) return;
  const float level = y + e.slant * outward;
  const float open = shot_.expression.eye_open, base = 1 - t * t, lean = 0.35F * e.skew * t;
  const float arch = std::max(base, 0.0F);
  const float top = -e.upper * open * arch * (1 + lean);
  const float bottom = e.lower * (.35F + .65F * open) * arch * (1 - lean);

  // The lid between lashes and crease lies in shade; the crease follows the lid at some height.
  const float fold = -e.upper * std::max(open, .5F) * std::max(1 - .8F * t * t, 0.0F) * (1 + lean) - e.crease;
  const float within = smooth(1.15F, .8F, magnitude(t));
  p.darken(within *
           (.4F * stroke(level - fold, .7F) + .16F * smooth(fold - 1, fold + 1, level) * smooth(2, -1, level)));
  p.darken(within * .22F * stroke(level - e.lower - 3.5F, 1.2F));
  if (base <= 0) return;

  const float inside = edge(std::min(level - top, bottom - level) * .9F);
  if (inside > 0) {
    const float shadow = .55F + .45F * smooth(0, 3.2F, level - top);
    Rgb white = linear(.86F, .83F, .81F) * (shadow * (1 - .25F * t * t));
    white = mix(white, linear(.75F, .42F, .40F) * shadow, smooth(-.78F, -.95F, t));
    p.lay(white, inside);
    p.shade = mix(p.shade, .92F, inside);
    iris(p, x, y, inside);
  }
  const float thick = e.lash * (.75F + .5F * smooth(-.6F, .9F, t));
  p.lay(linear(.07F, .05F, .05F), .92F * stroke(level - top + thick * .4F, thick));
  p.lay(linear(.18F, .12F, .11F), .35F * stroke(level - bottom, .5F * e.lash));
}

void Painter::iris(Paint& p, float x, float y, float cover) const {
  const EyeShape& e = person_.eyes;
  const float side = x < 0 ? -1.0F : 1.0F;
  const float dx = x - side * e.spacing - shot_.expression.gaze.x, dy = y + .7F - shot_.expression.gaze.y;
  const float r = std::sqrt(dx * dx + dy * dy);
  if (r > e.iris_radius + 2) return;
  Rgb colour = mix(e.iris * 1.25F, e.iris * .45F, smooth(.45F, 1, r / e.iris_radius));
  colour = mix(colour, {.004F, .004F, .004F}, edge(.42F * e.iris_radius - r));
  p.lay(colour, cover * edge(e.iris_radius - r));
  const float gx = dx - shot_.light.direction.x * 2, gy = dy - shot_.light.direction.y * 2.4F;
  p.lay({1, 1, 1}, cover * .9F * edge(1.15F - std::sqrt(gx * gx + gy * gy)));
}

void Painter::brow(Paint& p, float x, float y) const {
  const BrowShape& b = person_.brows;
  const Expression& e = shot_.expression;
  const float a = magnitude(x), u = (a - b.inner) / (b.outer - b.inner);
  if (u < -.1F || u > 1.08F || y < b.y - 24 || y > b.y + 18) return;
  const float middle = b.y - e.brow_raise - b.arch * bump(square((u - .6F) / .75F)) + b.slope * (a - 30) +
                       3.5F * e.frown * square(1 - clamp01(u));
  const float half = .5F * b.thickness * (1 - .75F * smooth(.45F, 1.08F, u)) * smooth(-.1F, .12F, u);
  const float hairs = .6F + .6F * noise(x * .8F + y * .5F, y * .45F - x * .2F, person_.texture);
  p.lay(brow_colour_, clamp01(stroke(y - middle, half) * b.density * hairs));
}

void Painter::nose(Paint& p, float x, float y) const {
  const NoseShape& n = person_.nose;
  const float a = magnitude(x), below = y - n.length;
  if (a > n.ala + 10 || below < -18 || below > 20) return;
  p.darken(.38F * bump(square(a / (n.ala * 1.15F)) + square((below - 9.5F) / 6)));
  // The crease around the wings, then the nostrils.
  const float ring = std::sqrt(square((a - n.ala * .55F) / (n.ala * .62F)) + square((below - 1) / 9.5F));
  p.darken(.38F * stroke((ring - 1) * 8, .8F) * smooth(.5F, .8F, a / n.ala));
  const float hole = 1 - std::sqrt(square((a - n.ala * .48F) / (n.ala * .34F)) +
                                   square((below - 6.8F + .12F * (a - n.ala * .48F)) / (2.9F * n.nostril)));
  p.lay(linear(.16F, .08F, .07F) * (.4F + person_.skin.x), .9F * edge(hole * 2.5F));
}

void Painter::mouth(Paint& p, float x, float y) const {
  const Head::Mouth& m = mouth_;
  const float t = x / m.half_width, q = t * t;
  const float level = y - m.y + m.lift * q;
  if (q > 1.35F || level < -m.upper - 8 || level > m.lower + m.open + 12) return;
  const float base = std::max(1 - q, 0.0F), gap = m.open * base;
  const float upper_edge = -.3F * gap, lower_edge = .7F * gap;
  const float bow = 1 - .55F * person_.mouth.bow * bump(q / .06F);
  const float top = upper_edge - m.upper * std::sqrt(base) * (.35F + .65F * base) * bow;
  const float bottom = lower_edge + m.lower * std::sqrt(base) * (.45F + .55F * base);

  const float lips = edge(std::min(level - top, bottom - level));
  const Rgb colour = person_.mouth.colour;
  p.lay(
      level < upper_edge ? colour * .82F : colour * (1 + .25F * bump(square((level - lower_edge - m.lower * .5F) / 3))),
      lips * smooth(1.02F, .9F, magnitude(t)));
  p.gloss = mix(p.gloss, 1.1F, lips);
  p.darken(.3F * bump(square(t / .8F) + square((level - bottom - 3) / 4)));
  if (gap > .3F) {
    const float inside = edge(std::min(level - upper_edge, lower_edge - level));
    const float in = (level - upper_edge) / gap;
    Rgb dark = linear(.20F, .07F, .07F);
    dark = mix(dark, linear(.55F, .25F, .25F), smooth(.6F, 1, in) * smooth(12, 20, m.open));
    const float row = std::min(7.5F, m.open * .85F) - (level - upper_edge);
    const float gaps = .85F + .15F * smooth(.05F, .2F, magnitude(fraction(x / 6.5F) - .5F));
    dark = mix(dark, linear(.93F, .90F, .84F) * (gaps * (1 - .5F * q)), shot_.expression.teeth * edge(row));
    p.lay(dark, inside);
    p.gloss *= 1 - inside;
    p.shade = mix(p.shade, .9F, inside);
  }
  const float seam =
      gap > 1 ? std::min(magnitude(level - upper_edge), magnitude(level - lower_edge)) : magnitude(level);
  p.lay(linear(.22F, .08F, .08F) * (.5F + person_.skin.x),
        .75F * stroke(seam, .8F) * smooth(1.06F, .98F, magnitude(t)));
  p.darken(.3F * bump((square(magnitude(x) - m.half_width - 1) + square(level)) / 16));
}

}  // namespace facerec::synth
