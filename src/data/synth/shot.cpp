#include "data/synth/shot.h"

#include "facerec/core/random.h"

namespace facerec::synth {
namespace {

class ShotDraw {
 public:
  ShotDraw(uint64_t seed, uint64_t identity, uint64_t image, float difficulty)
      : random_("synth-image", {seed, identity, image}), difficulty_(difficulty) {}

  float between(float low, float high) { return static_cast<float>(random_.uniform(low, high)); }
  // Around `middle`, at most `reach` away at difficulty 1.
  float around(float middle, float reach) { return middle + between(-reach, reach) * difficulty_; }
  // The same with the middle likelier.
  float near(float middle, float reach) {
    const float first = between(-reach, reach);
    return middle + (first + between(-reach, reach)) * 0.5F * difficulty_;
  }
  bool chance(float probability) { return random_.chance(std::min(probability * difficulty_, 0.9F)); }
  uint64_t below(uint64_t bound) { return random_.below(bound); }
  uint32_t bits() { return static_cast<uint32_t>(random_() >> 32); }
  // `strong`: 0 grey … 1 any colour.
  Rgb colour(float low, float high, float strong) {
    const float grey = between(low, high);
    const Rgb c = mix({grey, grey, grey}, Rgb{between(low, high), between(low, high), between(low, high)}, strong);
    return linear(c.x, c.y, c.z);
  }

 private:
  Random random_;
  float difficulty_;
};

Expression draw_expression(ShotDraw& draw) {
  Expression e{};
  e.mood = static_cast<Mood>(draw.below(3));
  e.eye_open = draw.around(.95F, .12F);
  e.gaze = {draw.near(0, 3.5F), draw.near(0, 1.5F)};
  if (draw.chance(.03F)) e.eye_open = .08F;
  const float strength = std::min(draw.around(.8F, .25F), 1.15F);
  switch (e.mood) {
    case Mood::neutral:
      e.smile = draw.around(0, .12F);
      e.frown = std::max(0.0F, draw.around(0, .8F));
      break;
    case Mood::smile:
      e.smile = strength;
      e.teeth = draw.chance(.6F) ? 1.0F : 0.0F;
      e.open = e.teeth > 0 ? draw.between(3, 10) * strength : 0;
      e.eye_open *= 1 - .28F * strength;
      e.brow_raise = draw.around(1, 1);
      break;
    case Mood::surprise:
      e.smile = draw.around(-.15F, .1F);
      e.open = draw.between(8, 20) * strength;
      e.teeth = draw.between(0, .5F);
      e.brow_raise = 6 * strength;
      e.eye_open *= 1 + .3F * strength;
      break;
  }
  return e;
}

Light draw_light(ShotDraw& draw) {
  Light l{};
  l.azimuth = draw.around(0, 80);
  l.elevation = draw.around(25, 35);
  const float a = l.azimuth * pi / 180, e = l.elevation * pi / 180;
  l.direction = {sine(a) * cosine(e), -sine(e), cosine(a) * cosine(e)};
  l.half = normalised(l.direction + Vec3{0, 0, 1});
  const float warm = draw.around(0, .22F), green = draw.near(0, .06F);
  const float share = std::min(std::max(draw.around(.62F, .28F), .1F), .95F);
  const float power = std::max(draw.around(1.1F, .42F), .3F);
  l.key = Rgb{1 + warm, 1 + green, 1 - warm} * (share * 1.25F * power);
  const float cold = draw.around(0, .15F);
  l.ambient = Rgb{1 - cold, 1, 1 + cold} * ((1.1F - share) * power * .85F);
  return l;
}

GlassesShape draw_glasses(ShotDraw& draw) {
  GlassesShape g{};
  g.kind = draw.chance(.035F) ? Glasses::sun : draw.chance(.16F) ? Glasses::clear : Glasses::none;
  g.half_size = {draw.between(22, 28), draw.between(13, 22)};
  g.corner = draw.between(.25F, 1);
  g.rim = draw.between(1.2F, 3.6F);
  g.y = draw.between(1, 6);
  g.colour = draw.colour(.05F, .4F, .6F);
  g.tint = g.kind == Glasses::sun ? draw.between(.8F, .95F) : draw.between(.02F, .12F);
  return g;
}

void draw_cover(ShotDraw& draw, Shot& s) {
  s.cover = draw.chance(.03F) ? Cover::mask : draw.chance(.06F) ? Cover::object : Cover::none;
  s.cover_colour = draw.colour(.15F, .95F, .5F);
  // A hand, a microphone, somebody's shoulder: enters from the left, the right or below and rarely reaches the eyes.
  const float inside = draw.between(.1F, .32F), along = draw.between(.45F, 1), outside = draw.between(.5F, 1.1F);
  const Vec2 from_side[] = {{inside, along}, {1 - inside, along}, {along, 1 - inside * .6F}};
  const Vec2 outwards[] = {{-.5F, outside}, {1.5F, outside}, {outside, 1.6F}};
  const uint64_t side = draw.below(3);
  s.object = {from_side[side], outwards[side]};
  s.object_radius = draw.between(.06F, .13F);
}

}  // namespace

Shot draw_shot(const Person& person, uint64_t seed, uint64_t identity, uint64_t image, float difficulty) {
  ShotDraw draw(seed, identity, image, difficulty);
  Shot s{};
  s.yaw = std::min(std::max(draw.around(0, 36), -55.0F), 55.0F);
  s.pitch = std::min(std::max(draw.around(0, 18), -30.0F), 30.0F);
  s.roll = draw.near(0, 9);
  s.distance = draw.between(600, 1600);
  s.expression = draw_expression(draw);
  s.light = draw_light(draw);
  s.glasses = draw_glasses(draw);
  draw_cover(draw, s);
  s.age = std::max(16.0F, draw.around(person.age, 9));
  s.backdrop.left = draw.colour(.05F, 1, .45F);
  s.backdrop.right = draw.colour(.05F, 1, .45F);
  s.backdrop.clothes = draw.colour(.05F, .95F, .7F);
  s.backdrop.texture = draw.bits();
  s.backdrop.busy = draw.between(0, 1);
  s.shift = {draw.near(0, .045F), draw.near(0, .045F)};
  s.zoom = draw.near(1, .10F);
  s.exposure = draw.around(1, .28F);
  s.contrast = draw.around(1, .22F);
  s.saturation = draw.chance(.06F) ? 0 : draw.around(.95F, .35F);
  s.blur = std::max(0.0F, draw.around(.3F, .6F));
  s.grain = std::max(0.0F, draw.around(2.2F, 3));
  s.noise = draw.bits();
  s.jpeg_quality = 92 - static_cast<int>(draw.between(0, 32) * std::min(difficulty, 2.0F));
  return s;
}

}  // namespace facerec::synth
