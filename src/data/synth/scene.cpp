#include "data/synth/scene.h"

#include "data/synth/paint.h"

namespace facerec::synth {
namespace {

Rgb lit(const Paint& p, Vec3 normal, const Light& light) {
  const float towards = dot(normal, light.direction);
  const float direct = clamp01((towards + .12F) / 1.12F);
  const float from_above = .8F - .2F * normal.y;
  // Blinn and Phong's highlight, seen from the front: power 16.
  const float shine = square(square(square(square(clamp01(dot(normal, light.half))))));
  return p.colour * (light.key * direct + light.ambient * from_above) * p.shade +
         light.key * (.10F * p.gloss * p.shade * shine * clamp01(towards * 4));
}

class Surroundings {
 public:
  Surroundings(const Person& person, const Shot& shot, const View& view, int size)
      : person_(person),
        shot_(shot),
        behind_(view.plane(-72).inverse()),
        neck_(view.plane(-58).inverse()),
        pixel_(view.pixel()),
        scale_(1 / static_cast<float>(size)) {}

  Rgb operator()(Vec2 pixel) const {
    Rgb colour = wall(pixel * scale_);
    const Vec2 n = neck_(pixel), h = behind_(pixel);
    if (person_.hair.falls) hair(colour, h);
    const float half = 47 + .0035F * square(std::max(0.0F, n.y - 95));
    const float cover = edge(half - magnitude(n.x)) * edge(n.y - 30);
    if (cover > 0) {
      const float side = std::min(std::max(n.x / half, -1.0F), 1.0F);
      const Paint skin{person_.skin, .62F, 0};
      colour = mix(colour, lit(skin, {side, 0, std::sqrt(1 - side * side)}, shot_.light), cover);
    }
    const float collar = n.y - 112 - .004F * square(n.x) * (magnitude(n.x) > 47 ? 1.0F : 2.2F);
    if (collar > -pixel_) {
      const float weave = .9F + .2F * noise(n.x * .5F, n.y * .5F, shot_.backdrop.texture + 5);
      colour = mix(colour, lit({shot_.backdrop.clothes * weave, .8F, 0}, {0, -.3F, .95F}, shot_.light), edge(collar));
    }
    return colour;
  }

 private:
  float edge(float inside) const { return clamp01(inside / pixel_ + .5F); }

  Rgb wall(Vec2 at) const {
    const Backdrop& b = shot_.backdrop;
    const float drift = noise(at.x * 2.5F, at.y * 2.5F, b.texture) - .5F;
    Rgb colour = mix(b.left, b.right, smooth(0, 1, at.x + .6F * drift));
    // Things out of focus: upright strips and blots.
    const float strip = noise(at.x * 9, at.y * 1.2F, b.texture + 1), blot = noise(at.x * 5, at.y * 5, b.texture + 2);
    colour = colour * (1 + b.busy * 1.5F * (smooth(.35F, .65F, strip) - .5F));
    return mix(colour, b.clothes, b.busy * smooth(.6F, .75F, blot));
  }

  void hair(Rgb& colour, Vec2 h) const {
    const float half = 80 + person_.hair.volume + 6 * noise(h.y * .05F, h.x < 0 ? 3 : 9, person_.texture + 12);
    const float cover = edge(half - magnitude(h.x)) * edge(h.y + 110);
    if (cover <= 0) return;
    const float strands = noise(h.x * .45F, h.y * .02F, person_.texture + 13);
    const Paint p{person_.hair.colour * (.4F + .9F * strands), .55F, 0};
    const float side = std::min(std::max(h.x / half, -1.0F), 1.0F);
    colour = mix(colour, lit(p, {side, 0, std::sqrt(1 - side * side)}, shot_.light), cover);
  }

  const Person& person_;
  const Shot& shot_;
  Affine behind_, neck_;
  float pixel_, scale_;
};

class Spectacles {
 public:
  Spectacles(const Person& person, const Shot& shot, const View& view)
      : glasses_(shot.glasses), light_(shot.light), pixel_(view.pixel()) {
    constexpr float z = 15;
    plane_ = view.plane(z).inverse();
    middle_ = std::max(person.eyes.spacing + 1, glasses_.half_size.x + 7);
    for (size_t i : {0U, 1U}) {
      const float side = i == 0 ? -1.0F : 1.0F;
      hinge_[i] = view.project({side * (middle_ + glasses_.half_size.x), glasses_.y - 6, z});
      ear_[i] = view.project({side * 76 * person.head.cheek, -4, -78});
    }
  }

  void cover(Rgb& colour, Vec2 pixel, float depth) const {
    for (size_t i : {0U, 1U}) arm(colour, pixel, depth, i);
    const Vec2 p = plane_(pixel);
    const float x = magnitude(p.x) - middle_, y = p.y - glasses_.y;
    if (magnitude(y) > glasses_.half_size.y + 5) return;
    const float radius = glasses_.corner * glasses_.half_size.y;
    const float qx = std::max(magnitude(x) - glasses_.half_size.x + radius, 0.0F);
    const float qy = std::max(magnitude(y) - glasses_.half_size.y + radius, 0.0F);
    const float outside = std::sqrt(qx * qx + qy * qy) - radius;
    const float lens = edge(-outside);
    colour = mix(colour, colour * glasses_.colour * .3F, lens * glasses_.tint);
    const float streak = p.x * .7F + p.y - 12 + 20 * light_.direction.x;
    colour = colour + light_.key * (lens * .10F * bump(square(streak / 11)));
    const float bridge = magnitude(p.x) < middle_ - glasses_.half_size.x ? stroke(y + 3, glasses_.rim * .5F) : 0;
    const float frame = std::max(stroke(outside, glasses_.rim * .5F), bridge);
    colour = mix(colour, glasses_.colour * (light_.key * .5F + light_.ambient), frame);
  }

 private:
  float edge(float inside) const { return clamp01(inside / pixel_ + .5F); }
  float stroke(float d, float half_width) const {
    const float reach = std::max(half_width, pixel_ * .5F);
    return edge(reach - magnitude(d)) * (half_width / reach);
  }

  void arm(Rgb& colour, Vec2 pixel, float depth, size_t i) const {
    const Vec2 from{hinge_[i].x, hinge_[i].y}, along = Vec2{ear_[i].x, ear_[i].y} - from;
    const float t = clamp01(dot(pixel - from, along) / (dot(along, along) + 1e-6F));
    const Vec2 off = pixel - from - along * t;
    const float d = std::sqrt(dot(off, off)) * pixel_;
    if (d > 6 || mix(hinge_[i].z, ear_[i].z, t) + 3 < depth) return;
    colour = mix(colour, glasses_.colour * (light_.key * .3F + light_.ambient), stroke(d, glasses_.rim * .5F));
  }

  const GlassesShape& glasses_;
  const Light& light_;
  Affine plane_;
  float middle_, pixel_;
  std::array<Vec3, 2> hinge_, ear_;
};

void cover_with_object(Rgb& colour, const Shot& shot, Vec2 at, float pixel) {
  const Vec2 along = shot.object[1] - shot.object[0], from = at - shot.object[0];
  const Vec2 off = from - along * clamp01(dot(from, along) / dot(along, along));
  const float inside = shot.object_radius - std::sqrt(dot(off, off));
  const float cover = clamp01(inside / pixel + .5F);
  if (cover <= 0) return;
  const float nx = off.x / shot.object_radius, ny = off.y / shot.object_radius;
  const Vec3 normal = {nx, ny, std::sqrt(std::max(0.0F, 1 - nx * nx - ny * ny))};
  const float weave = .85F + .3F * noise(at.x * 25, at.y * 25, shot.noise);
  colour = mix(colour, lit({shot.cover_colour * weave, 1, .3F}, normal, shot.light), cover);
}

}  // namespace

std::vector<Rgb> render_scene(const Person& person, const Shot& shot, const Head& head, const View& view, int size) {
  Canvas canvas(size);
  canvas.draw(head.skull(), view);
  if (!person.hair.falls) {
    canvas.draw(head.ear(-1), view);
    canvas.draw(head.ear(1), view);
  }
  const Painter painter(person, shot, head, view.pixel());
  const Surroundings backdrop(person, shot, view, size);
  const Spectacles spectacles(person, shot, view);
  const float step = 1 / static_cast<float>(size);

  std::vector<Rgb> picture;
  picture.reserve(static_cast<size_t>(size) * static_cast<size_t>(size));
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const Fragment& f = canvas.at(x, y);
      const Vec2 pixel = {static_cast<float>(x) + .5F, static_cast<float>(y) + .5F};
      Rgb colour =
          f.material == Material::none ? backdrop(pixel) : lit(painter.paint(f), normalised(f.normal), shot.light);
      if (shot.glasses.kind != Glasses::none) spectacles.cover(colour, pixel, f.depth);
      if (shot.cover == Cover::object) cover_with_object(colour, shot, pixel * step, step);
      picture.push_back(colour);
    }
  }
  return picture;
}

}  // namespace facerec::synth
