#include "data/synth/head.h"

namespace facerec::synth {
namespace {

constexpr int skull_rows = 60, skull_columns = 61, ear_rows = 9, ear_columns = 9;
constexpr float skull_top = -118;
constexpr float widest_turn = 1.5F;  // 135 degrees

// Knots every 40 mm from -120 to 120.
float curve(const std::array<float, 7>& knots, float y) {
  const float at = std::min(std::max((y + 120) / 40, 0.0F), 5.999F);
  const int i = static_cast<int>(at);
  const float t = at - static_cast<float>(i);
  auto knot = [&](int k) { return knots[static_cast<size_t>(std::min(std::max(k, 0), 6))]; };
  const float a = knot(i - 1), b = knot(i), c = knot(i + 1), d = knot(i + 2);
  return b + 0.5F * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

// A quarter of a round (squareness 0) or boxy (1) arch: 1 at s = 0, 0 at s = 1.
float arch(float s, float squareness) {
  const float q = square(std::min(s, 1.0F));
  return mix(std::sqrt(1 - q), std::sqrt(std::sqrt(1 - q * q)), squareness);
}

float hill(float x, float y, float radius_x, float radius_y) {
  return bump(square(x / radius_x) + square(y / radius_y));
}

void add_normals(Mesh& mesh) {
  auto at = [&](int row, int column) -> Vec3 {
    row = std::min(std::max(row, 0), mesh.rows - 1);
    column = std::min(std::max(column, 0), mesh.columns - 1);
    return mesh.vertices[mesh.index(row, column)].position;
  };
  for (int r = 0; r < mesh.rows; ++r) {
    for (int c = 0; c < mesh.columns; ++c) {
      const Vec3 down = at(r + 1, c) - at(r - 1, c), right = at(r, c + 1) - at(r, c - 1);
      mesh.vertices[mesh.index(r, c)].normal = normalised(cross(right, down));
    }
  }
}

}  // namespace

float hairline(const Hair& h, float turn) {
  const float a = turn < 0 ? -turn : turn;
  float y = mix(h.top, h.temple, smooth(0.04F, 0.52F, a));
  y = mix(y, h.side, smooth(0.58F, 0.82F, a));
  y += h.sweep * turn * 2 * (1 - smooth(0.5F, 0.75F, a)) + h.peak * bump(square(a / 0.2F));
  return mix(y, std::max(h.side, 60.0F), smooth(1.0F, 1.15F, a));
}

Head::Head(const Person& person, const Shot& shot) : person_(person), shot_(shot) {
  const HeadShape& h = person.head;
  const Expression& e = shot.expression;
  const MouthShape& m = person.mouth;
  mouth_ = {m.y + e.open * 0.25F,
            m.half_width * (1 + .2F * e.smile - .012F * e.open * (e.mood == Mood::surprise ? 1.0F : 0.0F)),
            m.upper * (1 - .22F * e.smile),
            m.lower * (1 - .15F * e.smile),
            m.lift + 5.5F * e.smile,
            e.open};
  chin_y_ = h.chin_y + e.open * 0.8F;
  widths_ = {70, 73 * h.temple, 75 * h.temple, 73 * mix(h.temple, h.cheek, .5F), 67 * h.cheek, 55 * h.jaw, 38 * h.chin};
  fronts_ = {-45 - 60 * h.forehead_slope, -11 - 35 * h.forehead_slope, 2, -2, 1, 3, h.chin_forward - 3};
}

float Head::width(float y) const {
  float w = curve(widths_, y);
  if (y < -45) w *= arch((-45 - y) / (-45 - skull_top), 0.6F);
  const float jaw = chin_y_ - 36;
  if (y > jaw) w *= arch((y - jaw) / 36, person_.head.squareness);
  return w;
}

float Head::front(float y) const {
  float z = curve(fronts_, y);
  if (y < -75) z -= 40 * (1 - arch((-75 - y) / (-75 - skull_top), 0.3F));
  const float jaw = chin_y_ - 18;
  if (y > jaw) z -= 26 * (1 - arch((y - jaw) / 18, 0.2F));
  return z;
}

float Head::relief(float x, float y) const {
  const float a = x < 0 ? -x : x;
  const EyeShape& e = person_.eyes;
  const NoseShape& n = person_.nose;
  const bool masked = shot_.cover == Cover::mask && y > n.length * 0.4F;
  float z = 0;
  z -= e.depth * hill(a - e.spacing + 3, y + 3, 23, 17);
  z += 3.2F * hill(a - e.spacing, y, e.half_width + 1, 9);
  z += person_.head.brow_ridge * hill(a - 24, y - person_.brows.y + 2, 30, 13);
  z += (person_.head.cheekbone + 3 * clamp01(shot_.expression.smile)) * hill(a - 44, y - 30, 30, 30);
  z += 5 * hill(x, y - chin_y_ + 14, 24, 16) - 3 * hill(x, y - mouth_.y - mouth_.lower - 6, 20, 9);
  z += 6 * hill(x, y - mouth_.y, 40, 34);
  if (!masked) {
    const float t = x / mouth_.half_width, rise = y - mouth_.y + mouth_.lift * t * t;
    z += 3.5F * hill(t, (rise + mouth_.upper * .6F + .2F * mouth_.open) / mouth_.upper, 1, 1);
    z += 4.5F * hill(t, (rise - mouth_.lower * .6F - .7F * mouth_.open) / mouth_.lower, 1, 1);
    if (mouth_.open > 1) z -= 3 * hill(t, (rise - .2F * mouth_.open) / mouth_.open, .9F, 1);
  }
  // The nose: a ridge that widens and rises to the tip and ends steeply below it, and the wings.
  const float along = (y + 8) / (n.length + 8);
  if (along > -0.4F && along < 1.5F) {
    const float down = clamp01(along), end = 1 - smooth(n.length + 1, n.length + 11, y);
    const float height =
        mix(n.bridge_height, n.height, down * down * (1.4F - .4F * down)) + n.hook * bump(square((down - .45F) / .45F));
    const float half = mix(n.bridge_width, n.tip_radius, square(down)) * 1.55F;
    float ridge = height * bump(square(a / half)) * smooth(-.4F, .1F, along) * end;
    if (masked) ridge *= .75F;
    z += ridge;
    if (!masked) z += n.height * .42F * hill(a - n.ala * .72F, y - n.length - 2, n.ala * .55F, 9.5F);
  }
  return z;
}

Vec3 Head::smooth_surface(float y, float turn) const {
  const float angle = turn * pi / 2, c = cosine(angle);
  const float rise = 12 * smooth(25, chin_y_, y) * (1 - c);
  const float depth = mix(86, 62, smooth(30, chin_y_, y));
  return {width(y) * sine(angle), y - rise, front(y) - depth * (1 - c)};
}

Vec3 Head::surface(float y, float turn) const {
  Vec3 p = smooth_surface(y, turn);
  if (turn > -0.8F && turn < 0.8F) p.z += relief(p.x, p.y);
  const float hair = smooth(8, -8, p.y - hairline(person_.hair, turn)) * person_.hair.volume;
  const float angle = turn * pi / 2;
  return p + Vec3{hair * sine(angle), hair * -.5F * smooth(0, -60, p.y), hair * cosine(angle)};
}

Mesh Head::skull() const {
  Mesh mesh{skull_rows, skull_columns, Material::face, {}};
  mesh.vertices.reserve(skull_rows * skull_columns);
  for (int r = 0; r < skull_rows; ++r) {
    // Rows lie closer at both ends, where the outline turns in.
    const float t = static_cast<float>(r) / (skull_rows - 1), u = 2 * t - 1;
    const float y = mix(skull_top + .02F, chin_y_ - .02F, 0.5F + 0.5F * (1.25F * u - .25F * u * u * u));
    for (int c = 0; c < skull_columns; ++c) {
      // Columns lie closer in front.
      const float v = 2 * static_cast<float>(c) / (skull_columns - 1) - 1,
                  turn = widest_turn * v * (.55F + .45F * v * v);
      const Vec3 flat = smooth_surface(y, turn);
      mesh.vertices.push_back({surface(y, turn), {}, flat.x, flat.y, turn});
    }
  }
  add_normals(mesh);
  return mesh;
}

Mesh Head::ear(float side) const {
  Mesh mesh{ear_rows, ear_columns, Material::ear, {}};
  mesh.vertices.reserve(ear_rows * ear_columns);
  const Vec3 root = smooth_surface(8, side * 0.93F);
  const float out = sine(person_.ear_angle), back = cosine(person_.ear_angle), size = person_.ear_size;
  for (int r = 0; r < ear_rows; ++r) {
    for (int c = 0; c < ear_columns; ++c) {
      const float u = static_cast<float>(c) / (ear_columns - 1) * 2 - 1;  // from the root outwards
      const float v = sine((static_cast<float>(r) / (ear_rows - 1) - .5F) * pi);
      const float half = std::sqrt(std::max(0.0F, 1 - v * v)) * (1 - .25F * v);
      const float reach = (u + .8F) * half * 15 * size, dome = 4 * (1 - u * u) * half;
      const Vec3 offset{side * (reach * out + dome * back), v * 32 * size - 3 * u, -reach * back + dome * out};
      // Columns run to the image's right on both sides, so that all normals point outwards.
      mesh.vertices.push_back({root + offset, {}, u, v, side});
    }
    if (side < 0) std::reverse(mesh.vertices.end() - ear_columns, mesh.vertices.end());
  }
  add_normals(mesh);
  return mesh;
}

Vec3 Head::on_front(float x, float y) const {
  const float s = x / width(y), angle_cosine = std::sqrt(std::max(0.0F, 1 - s * s));
  return {x, y, front(y) - 86 * (1 - angle_cosine) + relief(x, y)};
}

std::array<Vec3, 5> Head::landmarks() const {
  const float eye = person_.eyes.spacing, corner = mouth_.half_width, corner_y = mouth_.y - mouth_.lift;
  return {on_front(-eye, 0), on_front(eye, 0), on_front(0, person_.nose.length), on_front(-corner, corner_y),
          on_front(corner, corner_y)};
}

}  // namespace facerec::synth
