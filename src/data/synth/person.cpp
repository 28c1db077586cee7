#include "data/synth/person.h"

#include <span>

#include "facerec/core/random.h"

namespace facerec::synth {
namespace {

class PersonDraw {
 public:
  PersonDraw(uint64_t seed, uint64_t identity) : random_("synth-identity", {seed, identity}) {}
  float between(float low, float high) { return static_cast<float>(random_.uniform(low, high)); }
  bool chance(double probability) { return random_.chance(probability); }
  uint32_t bits() { return static_cast<uint32_t>(random_() >> 32); }
  Rgb colour_of(std::span<const Rgb> palette) { return palette[random_.below(palette.size())]; }

 private:
  Random random_;
};

// Few colours, many people: colour alone says little about who somebody is.
constexpr Rgb iris_colours[] = {{.33F, .21F, .13F}, {.25F, .16F, .11F}, {.38F, .26F, .15F}, {.30F, .19F, .12F},
                                {.45F, .38F, .22F}, {.38F, .45F, .33F}, {.38F, .50F, .62F}, {.48F, .54F, .58F}};
constexpr Rgb hair_colours[] = {{.10F, .08F, .08F}, {.13F, .10F, .09F}, {.16F, .12F, .10F},
                                {.22F, .15F, .11F}, {.28F, .19F, .13F}, {.36F, .25F, .16F},
                                {.45F, .24F, .13F}, {.66F, .52F, .33F}, {.58F, .56F, .54F}};

Rgb screen(Rgb c) { return linear(c.x, c.y, c.z); }

Rgb draw_skin(PersonDraw& draw) {
  constexpr Rgb fair{.93F, .78F, .69F}, tan{.80F, .60F, .46F}, dark{.46F, .31F, .23F};
  const float tone = draw.between(0, 1);
  const Rgb base = tone < 0.6F ? mix(fair, tan, tone / 0.6F) : mix(tan, dark, (tone - 0.6F) / 0.4F);
  const float red = draw.between(-.025F, .025F);
  return linear(base.x + red, base.y, base.z - red + draw.between(-.02F, .02F));
}

HeadShape draw_head(PersonDraw& draw) {
  HeadShape h;
  h.temple = draw.between(.93F, 1.05F);
  h.cheek = draw.between(.90F, 1.09F);
  h.jaw = draw.between(.84F, 1.16F);
  h.chin = draw.between(.70F, 1.30F);
  h.chin_y = draw.between(103, 121);
  h.squareness = draw.between(0, 1);
  h.cheekbone = draw.between(0, 6);
  h.brow_ridge = draw.between(-1, 6);
  h.chin_forward = draw.between(-5, 8);
  h.forehead_slope = draw.between(-.1F, .25F);
  return h;
}

EyeShape draw_eyes(PersonDraw& draw) {
  EyeShape e;
  e.spacing = draw.between(28.5F, 35.5F);
  e.half_width = draw.between(12.0F, 17.0F);
  e.upper = draw.between(3.6F, 7.6F);
  e.lower = draw.between(2.6F, 5.0F);
  e.slant = draw.between(-.14F, .24F);
  e.skew = draw.between(-.8F, .8F);
  e.crease = draw.between(.6F, 5.0F);
  e.depth = draw.between(1, 7);
  e.iris_radius = draw.between(5.2F, 6.6F);
  e.lash = draw.between(.7F, 2.2F);
  e.iris = screen(draw.colour_of(iris_colours));
  return e;
}

BrowShape draw_brows(PersonDraw& draw) {
  BrowShape b;
  b.y = draw.between(-25.5F, -14.5F);
  b.thickness = draw.between(2.8F, 8.5F);
  b.arch = draw.between(0, 7);
  b.slope = draw.between(-.22F, .22F);
  b.inner = draw.between(7, 17);
  b.outer = draw.between(44, 54);
  b.density = draw.between(.45F, 1);
  return b;
}

NoseShape draw_nose(PersonDraw& draw) {
  NoseShape n;
  n.length = draw.between(29, 43);
  n.height = draw.between(13, 24);
  n.bridge_width = draw.between(5, 11);
  n.bridge_height = draw.between(1, 9);
  n.tip_radius = draw.between(8, 14);
  n.ala = draw.between(11, 20);
  n.hook = draw.between(-3.5F, 4.5F);
  n.nostril = draw.between(.4F, 1);
  return n;
}

MouthShape draw_mouth(PersonDraw& draw, const NoseShape& nose, Rgb skin) {
  MouthShape m;
  m.y = 0.55F * nose.length + draw.between(46, 57);
  m.half_width = draw.between(19.5F, 31.5F);
  m.upper = draw.between(3.0F, 9.5F);
  m.lower = draw.between(4.5F, 12.0F);
  m.bow = draw.between(0, 1);
  m.lift = draw.between(-3, 2);
  const float red = draw.between(.25F, .8F);
  m.colour = mix(skin, linear(.70F, .34F, .34F) * (0.4F + 0.8F * skin.x), red) * draw.between(.75F, .95F);
  return m;
}

Hair draw_hair(PersonDraw& draw) {
  enum Style { bald, receding, buzz, swept, fringe, long_parted, long_fringe, curly, tied, style_count };
  // top, temple, side, |sweep|, volume, ragged, falls
  struct Cut {
    float top, temple, side, sweep, volume, ragged;
    bool falls;
  };
  constexpr Cut cuts[style_count] = {
      {-150, -120, -30, 0, 0, 2, false}, {-80, -88, 0, 4, 4, 3, false},   {-62, -48, 5, 2, 2, 2, false},
      {-60, -42, 0, 14, 11, 5, false},   {-38, -34, 5, 3, 10, 5, false},  {-70, -34, 150, 8, 11, 4, true},
      {-33, -26, 150, 3, 10, 4, true},   {-60, -42, 15, 4, 22, 9, false}, {-66, -50, -8, 3, 5, 2, false}};
  constexpr Style frequent[] = {bald,   receding,    buzz,        buzz,  swept, swept, swept,
                                fringe, long_parted, long_parted, curly, tied,  tied,  long_fringe};
  const Cut& cut = cuts[frequent[draw.bits() % std::size(frequent)]];
  Hair h;
  h.top = cut.top + draw.between(-9, 9);
  h.temple = cut.temple + draw.between(-7, 7);
  h.side = cut.side + draw.between(-12, 18);
  h.sweep = cut.sweep * draw.between(.4F, 1.3F);
  if (draw.chance(.5)) h.sweep = -h.sweep;
  h.peak = draw.chance(.35) ? draw.between(3, 12) : 0;
  h.volume = cut.volume * draw.between(.7F, 1.35F);
  h.ragged = cut.ragged * draw.between(.6F, 1.4F);
  h.curl = cut.volume > 20 ? draw.between(.6F, 1) : draw.between(0, .5F);
  h.falls = cut.falls;
  h.colour = screen(draw.colour_of(hair_colours));
  h.colour = h.colour * draw.between(.85F, 1.2F);
  return h;
}

Beard draw_beard(PersonDraw& draw, const Hair& hair) {
  Beard b{0, 0, 0, hair.colour * 0.8F};
  if (hair.falls || draw.chance(.55)) return b;
  const float cover = draw.between(.25F, 1);
  if (draw.chance(.65)) b.moustache = cover;
  if (draw.chance(.6)) b.chin = cover;
  if (draw.chance(.45)) b.cheeks = cover * draw.between(.5F, 1);
  return b;
}

void draw_marks(PersonDraw& draw, Person& p) {
  p.freckles = draw.chance(.22) ? draw.between(.35F, 1) : 0;
  for (Mole& mole : p.moles) {
    mole = {draw.between(-55, 55), draw.between(-50, 100), draw.between(1.1F, 2.6F), draw.between(.5F, .95F)};
    if (draw.chance(.6)) mole.radius = 0;
  }
  const Vec2 from{draw.between(-50, 50), draw.between(-45, 80)};
  p.scar = {from, from + Vec2{draw.between(-14, 14), draw.between(6, 26)}, 0};
  if (draw.chance(.12)) p.scar.strength = draw.between(.5F, 1);
  p.birthmark = {draw.between(-55, 55), draw.between(-45, 85), 0, draw.between(.2F, .45F)};
  if (draw.chance(.08)) p.birthmark.radius = draw.between(8, 18);
}

}  // namespace

Person draw_person(uint64_t seed, uint64_t identity) {
  PersonDraw draw(seed, identity);
  Person p;
  p.skin = draw_skin(draw);
  p.head = draw_head(draw);
  p.eyes = draw_eyes(draw);
  p.brows = draw_brows(draw);
  p.nose = draw_nose(draw);
  p.mouth = draw_mouth(draw, p.nose, p.skin);
  p.hair = draw_hair(draw);
  p.beard = draw_beard(draw, p.hair);
  draw_marks(draw, p);
  p.blush = draw.between(0, 1);
  p.gloss = draw.between(.25F, 1);
  p.ear_size = draw.between(.8F, 1.2F);
  p.ear_angle = draw.between(.1F, .75F);
  p.age = draw.between(20, 66);
  p.texture = draw.bits();
  return p;
}

}  // namespace facerec::synth
