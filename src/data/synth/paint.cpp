// Skin, its marks, beard and hair.
#include "data/synth/paint.h"

namespace facerec::synth {
namespace {

float hill(float x, float y, float radius_x, float radius_y) {
  return bump(square(x / radius_x) + square(y / radius_y));
}

// Distance from p to the segment a–b.
float distance(Vec2 p, Vec2 a, Vec2 b) {
  const Vec2 ab = b - a, ap = p - a;
  const Vec2 off = ap - ab * clamp01(dot(ap, ab) / (dot(ab, ab) + 1e-6F));
  return std::sqrt(dot(off, off));
}

Rgb greyed(Rgb hair, float age) { return mix(hair, linear(.66F, .65F, .64F), .75F * smooth(48, 78, age)); }

}  // namespace

Painter::Painter(const Person& person, const Shot& shot, const Head& head, float pixel)
    : person_(person),
      shot_(shot),
      mouth_(head.mouth()),
      chin_y_(head.chin_y()),
      per_pixel_(1 / pixel),
      pixel_(pixel),
      wrinkles_(smooth(26, 72, shot.age)),
      hair_colour_(greyed(person.hair.colour, shot.age)),
      brow_colour_(mix(hair_colour_ * .6F, person.skin * .25F, .25F)) {
  hair_end_ = -1e9F;
  for (float turn = -.5F; turn <= .5F; turn += .05F) hair_end_ = std::max(hair_end_, hairline(person.hair, turn));
  hair_end_ += 2 * person.hair.ragged + 6;
}

float Painter::stroke(float d, float half_width) const {
  const float reach = std::max(half_width, pixel_ * .5F);
  return clamp01((reach - magnitude(d)) * per_pixel_ + .5F) * (half_width / reach);
}

Paint Painter::paint(const Fragment& f) const {
  if (f.material == Material::ear) return ear(f);
  const float x = f.x, y = f.y;
  Paint p = skin(x, y);
  const bool in_front = f.turn > -.85F && f.turn < .85F;
  if (in_front) {
    contours(p, x, y);
    marks(p, x, y);
    if (wrinkles_ > 0 || shot_.expression.smile > 0) age_lines(p, x, y);
    beard(p, x, y);
    nose(p, x, y);
    mouth(p, x, y);
    brow(p, x, y);
    eye(p, x, y);
  }
  hair(p, f);
  if (shot_.cover == Cover::mask) mask(p, x, y);
  return p;
}

Paint Painter::skin(float x, float y) const {
  const float a = magnitude(x);
  const float mottle = noise(x * .22F, y * .22F, person_.texture);
  Paint p{person_.skin * (.94F + .12F * mottle), 1, person_.gloss};
  const float red =
      (.25F + .6F * person_.blush) * hill(a - 40, y - 36, 28, 24) + .35F * hill(x, y - person_.nose.length, 14, 14);
  p.colour = p.colour * Rgb{1 + .08F * red, 1 - .2F * red, 1 - .2F * red};
  // Less light reaches below the jaw and beside the face.
  p.shade = 1 - .35F * smooth(chin_y_ - 16, chin_y_ + 2, y) - .12F * smooth(58, 76, a);
  return p;
}

void Painter::contours(Paint& p, float x, float y) const {
  const EyeShape& e = person_.eyes;
  const NoseShape& n = person_.nose;
  const float a = magnitude(x);
  p.darken(.055F * e.depth * hill(a - e.spacing + e.half_width, y + 5, 13, 15));
  p.darken((.10F + .12F * wrinkles_) * hill(a - e.spacing + 3, y - 10, 16, 7));
  p.darken(.16F * hill(a - n.bridge_width - 7, y - 10, 8, 26));
  p.darken(.16F * hill(x, y - mouth_.y - mouth_.lower - mouth_.open * .7F - 7, 17, 6));
  p.darken(.10F * hill(a - 50, y - 58, 20, 30));
  p.darken(.12F * hill(x, y - (n.length + mouth_.y - mouth_.upper) * .5F - 4, 3.5F, 9));
}

void Painter::age_lines(Paint& p, float x, float y) const {
  const EyeShape& e = person_.eyes;
  const float a = magnitude(x), smile = clamp01(shot_.expression.smile);
  // From the wings of the nose past the corners of the mouth.
  const Vec2 wing = {person_.nose.ala + 3, person_.nose.length - 3};
  const Vec2 corner = {mouth_.half_width + 7, mouth_.y - mouth_.lift - 1};
  if (y > wing.y && y < corner.y + 4 && a < corner.x + 12) {
    const float along = clamp01((y - wing.y) / (corner.y - wing.y));
    const float off = a - mix(wing.x, corner.x, along) - 12 * along * (1 - along);
    p.darken((.30F * wrinkles_ + .34F * smile) * bump(square(off / 3)) * smooth(0, .15F, along) *
             smooth(1, .7F, along));
  }
  if (wrinkles_ <= 0) return;
  if (y < person_.brows.y - 8 && y > -62 && a < 42) {
    const float wave = y / 8.5F + 1.3F * noise(x * .05F, y * .03F, person_.texture + 2);
    const float off = (fraction(wave) - .5F) * 8.5F;
    p.darken(wrinkles_ * (.22F + .03F * shot_.expression.brow_raise) * stroke(off, .7F) * smooth(42, 22, a));
  }
  const Vec2 foot = {e.spacing + e.half_width + 4, -1 - e.slant * e.half_width};
  if (a > foot.x - 2 && a < foot.x + 16 && magnitude(y - foot.y) < 16) {
    for (float rise : {-.55F, 0.0F, .6F}) {
      p.darken(wrinkles_ * (.22F + .2F * smile) * stroke(distance({a, y}, foot, foot + Vec2{11, 11 * rise}), .6F));
    }
  }
  const float under = magnitude(a - e.spacing);
  if (under < 13) p.darken(wrinkles_ * .25F * stroke(y - 12 + .012F * under * under, .7F) * smooth(13, 9, under));
  if (y > corner.y + 5 && y < corner.y + 21) {
    p.darken(wrinkles_ * .20F * bump(square((a - corner.x + 3) / 2)) * smooth(corner.y + 21, corner.y + 12, y));
  }
}

void Painter::marks(Paint& p, float x, float y) const {
  const float resting = y - shot_.expression.open * .8F * smooth(person_.mouth.y, person_.mouth.y + 15, y);
  for (const Mole& mole : person_.moles) {
    if (mole.radius <= 0 || square(x - mole.x) + square(resting - mole.y) > 25) continue;
    const float r = std::sqrt(square(x - mole.x) + square(resting - mole.y));
    p.lay(person_.skin * Rgb{.22F, .15F, .12F}, mole.darkness * edge(mole.radius - r));
  }
  if (person_.scar.strength > 0) {
    const float d = distance({x, resting}, person_.scar.from, person_.scar.to);
    p.lay(mix(person_.skin * 1.25F, linear(.85F, .55F, .52F), .5F), person_.scar.strength * .8F * stroke(d, 1));
  }
  if (const Mole& b = person_.birthmark; b.radius > 0) {
    const float r =
        std::sqrt(square(x - b.x) + square(resting - b.y)) + 5 * noise(x * .2F, y * .2F, person_.texture + 3);
    p.lay(person_.skin * Rgb{.55F, .28F, .27F}, b.darkness * 1.6F * smooth(b.radius + 1.5F, b.radius - 1.5F, r));
  }
  if (person_.freckles > 0) freckles(p, x, resting);
}

void Painter::freckles(Paint& p, float x, float y) const {
  const float region = hill(magnitude(x) - 26, y - 22, 34, 30) + .4F * hill(x, y + 40, 50, 26);
  if (region <= .02F) return;
  // One in each cell of a grid that is turned and loosely filled.
  constexpr float cell = 4.4F;
  const float u = (x + .4F * y) / cell, v = (y - .4F * x) / cell;
  const int32_t i = floor_of(u), j = floor_of(v);
  const float dx = u - static_cast<float>(i) - .25F - .5F * lattice(i, j, person_.texture + 4);
  const float dy = v - static_cast<float>(j) - .25F - .5F * lattice(i, j, person_.texture + 5);
  const float there = lattice(i, j, person_.texture + 6);
  if (there > .15F + .6F * region) return;
  const float inside = (.17F + .2F * there - std::sqrt(dx * dx + dy * dy)) * cell;
  p.lay(person_.skin * Rgb{.50F, .33F, .25F}, .8F * person_.freckles * std::min(1.0F, 1.6F * region) * edge(inside));
}

void Painter::beard(Paint& p, float x, float y) const {
  const Beard& b = person_.beard;
  if (b.moustache + b.chin + b.cheeks <= 0 || y < 10) return;
  const float a = magnitude(x), m = mouth_.y;
  const float lip = hill(x, y - m + mouth_.upper + 7, mouth_.half_width + 9, 9.5F);
  const float chin =
      hill(x, y - chin_y_ + 6, 27, 26) + .9F * bump(square((a - mouth_.half_width - 4) / 7) + square((y - m - 8) / 22));
  const float line = 22 + .55F * std::max(0.0F, 62 - a);
  const float cheeks = smooth(line - 5, line + 7, y) * smooth(m - 28, m - 4, y + .7F * std::max(0.0F, a - 30)) *
                       smooth(mouth_.half_width - 2, mouth_.half_width + 8, a + std::max(0.0F, y - m - 14) * 1.5F);
  const float cover = std::max({b.moustache * clamp01(1.7F * lip), b.chin * clamp01(1.8F * chin), b.cheeks * cheeks});
  if (cover <= 0) return;
  const float hairs = .55F + .75F * noise(x * .75F, y * .4F, person_.texture + 7);
  p.lay(greyed(b.colour, shot_.age + 5), clamp01(.95F * cover * hairs));
  p.gloss *= 1 - .8F * cover;
}

void Painter::hair(Paint& p, const Fragment& f) const {
  if (f.y > hair_end_ && f.turn > -.5F && f.turn < .5F) return;
  const Hair& h = person_.hair;
  const float line = hairline(h, f.turn);
  if (f.y > line + 2 * h.ragged + 3) return;
  const float tooth = h.ragged * (noise(f.turn * 11, f.y * .02F, person_.texture + 8) +
                                  noise(f.turn * 45, f.y * .05F, person_.texture + 8) - 1);
  const float cover = clamp01((line + tooth - f.y) / (1.2F * pixel_ + 2.2F) + .5F);
  if (cover <= 0) {
    p.darken(.2F * smooth(line + 9, line, f.y) * (h.volume > 3 ? 1.0F : .2F));
    return;
  }
  const float wave = h.curl * 2.5F * noise(f.turn * 5, f.y * .06F, person_.texture + 9);
  const float fine = mix(.02F, .16F, h.curl);
  const float strands = noise(f.turn * 34 + wave, f.y * fine, person_.texture + 10);
  const float locks = noise(f.turn * 9 + wave, f.y * fine * .6F, person_.texture + 11);
  const float stubble = h.volume > 3 ? 1.0F : .78F;
  p.lay(hair_colour_ * (.35F + .8F * strands + .5F * locks), cover * stubble);
  p.gloss = mix(p.gloss, .9F * strands * stubble, cover);
  p.shade = mix(p.shade, .75F + .3F * locks, cover);
}

void Painter::mask(Paint& p, float x, float y) const {
  const float a = magnitude(x);
  const float top = person_.nose.length * .45F + .006F * a * a, bottom = chin_y_ + 2;
  const float cover = edge(std::min({y - top, bottom - y, 68 - a}));
  const float fold = (y - top) / 13;
  const float pleat = bump(square((fraction(fold) - .5F) / .16F)) * (y > top + 8 ? 1.0F : 0.0F);
  p.lay(shot_.cover_colour * (1 - .3F * pleat), cover);
  p.gloss *= 1 - cover;
  p.shade = mix(p.shade, 1, cover);
}

Paint Painter::ear(const Fragment& f) const {
  Paint p{person_.skin * Rgb{1, .88F, .86F}, .9F, .3F};
  const float hollow = bump(square((f.x + .15F) / .75F) + square((f.y + .1F) / .62F));
  p.darken(.5F * hollow);
  p.darken(.25F * smooth(.3F, 1, -f.x));
  return p;
}

}  // namespace facerec::synth
