#include "data/synth/view.h"

namespace facerec::synth {
namespace {

// ArcFace's template for 112 × 112 pixels.
constexpr std::array<Vec2, 5> arcface_template = {
    {{38.2946F, 51.6963F}, {73.5318F, 51.5014F}, {56.0252F, 71.7366F}, {41.5493F, 92.3655F}, {70.7299F, 92.2041F}}};
constexpr float template_size = 112;

constexpr Vec3 pivot = {0, 20, -90};

// The similarity nearest to taking `from` to `to`, in the least-squares sense.
Affine similarity(const std::array<Vec2, 5>& from, const std::array<Vec2, 5>& to) {
  Vec2 mean_from, mean_to;
  for (size_t i = 0; i < 5; ++i) {
    mean_from = mean_from + from[i] * 0.2F;
    mean_to = mean_to + to[i] * 0.2F;
  }
  float cosine_part = 0, sine_part = 0, spread = 0;
  for (size_t i = 0; i < 5; ++i) {
    const Vec2 a = from[i] - mean_from, b = to[i] - mean_to;
    cosine_part += dot(a, b);
    sine_part += cross(a, b);
    spread += dot(a, a);
  }
  const Vec2 dx = {cosine_part / spread, sine_part / spread}, dy = {-dx.y, dx.x};
  return {mean_to - dx * mean_from.x - dy * mean_from.y, dx, dy};
}

}  // namespace

Affine Affine::inverse() const {
  const float scale = 1 / cross(dx, dy);
  Affine inverse{{0, 0}, Vec2{dy.y, -dx.y} * scale, Vec2{-dy.x, dx.x} * scale};
  inverse.origin = inverse(origin) * -1;
  return inverse;
}

View::View(const Shot& shot, const std::array<Vec3, 5>& landmarks, int size) : distance_(shot.distance) {
  const float yaw = shot.yaw * pi / 180, pitch = shot.pitch * pi / 180, roll = shot.roll * pi / 180;
  const float cy = cosine(yaw), sy = sine(yaw), cp = cosine(pitch), sp = sine(pitch);
  rows_ = {Vec3{cy, 0, sy}, Vec3{sy * sp, cp, -cy * sp}, Vec3{-sy * cp, sp, cy * cp}};

  std::array<Vec2, 5> seen, wanted;
  const float scale = static_cast<float>(size) / template_size;
  const float c = cosine(roll) * shot.zoom, s = sine(roll) * shot.zoom;
  const Vec2 middle = {56, 72};
  for (size_t i = 0; i < 5; ++i) {
    const Vec3 p = project(landmarks[i]);
    seen[i] = {p.x, p.y};
    const Vec2 from_middle = arcface_template[i] - middle;
    const Vec2 rolled = {c * from_middle.x - s * from_middle.y, s * from_middle.x + c * from_middle.y};
    wanted[i] = (middle + rolled + shot.shift * template_size) * scale;
  }
  crop_ = similarity(seen, wanted);
  scale_ = std::sqrt(dot(crop_.dx, crop_.dx));
}

Vec3 View::turned(Vec3 d) const { return {dot(rows_[0], d), dot(rows_[1], d), dot(rows_[2], d)}; }

Vec3 View::project(Vec3 point) const {
  const Vec3 p = turned(point - pivot);
  const float nearer = distance_ / (distance_ - p.z);
  const Vec2 pixel = crop_(Vec2{p.x, p.y} * nearer);
  return {pixel.x, pixel.y, p.z};
}

Affine View::plane(float z) const {
  constexpr float reach = 40;
  auto at = [&](float x, float y) {
    const Vec3 p = project({x, y, z});
    return Vec2{p.x, p.y};
  };
  const Vec2 origin = at(0, 0);
  return {origin, (at(reach, 0) - at(-reach, 0)) * (0.5F / reach), (at(0, reach) - at(0, -reach)) * (0.5F / reach)};
}

void Canvas::triangle(const Corner& a, const Corner& b, const Corner& c, Material material) {
  const Vec2 ab = {b.screen.x - a.screen.x, b.screen.y - a.screen.y};
  const Vec2 ac = {c.screen.x - a.screen.x, c.screen.y - a.screen.y};
  const float area = cross(ab, ac);
  if (area <= 1e-6F) return;  // seen from behind, or edge-on
  // The pixels whose middles lie within.
  auto low = [](float p, float q, float r) { return std::max(0, floor_of(std::min({p, q, r}) - 0.5F) + 1); };
  auto high = [&](float p, float q, float r) { return std::min(size_ - 1, floor_of(std::max({p, q, r}) - 0.5F)); };
  const int x0 = low(a.screen.x, b.screen.x, c.screen.x), x1 = high(a.screen.x, b.screen.x, c.screen.x);
  const int y0 = low(a.screen.y, b.screen.y, c.screen.y), y1 = high(a.screen.y, b.screen.y, c.screen.y);
  const float scale = 1 / area;
  constexpr float tolerance = -1e-4F;  // neighbours overlap rather than leave holes
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const Vec2 p = {static_cast<float>(x) + 0.5F - a.screen.x, static_cast<float>(y) + 0.5F - a.screen.y};
      const float wb = cross(p, ac) * scale, wc = cross(ab, p) * scale, wa = 1 - wb - wc;
      if (wa < tolerance || wb < tolerance || wc < tolerance) continue;
      Fragment& f = fragments_[index(x, y)];
      const float depth = wa * a.screen.z + wb * b.screen.z + wc * c.screen.z;
      if (depth <= f.depth) continue;
      f = {depth,
           wa * a.x + wb * b.x + wc * c.x,
           wa * a.y + wb * b.y + wc * c.y,
           wa * a.turn + wb * b.turn + wc * c.turn,
           a.normal * wa + b.normal * wb + c.normal * wc,
           material};
    }
  }
}

void Canvas::draw(const Mesh& mesh, const View& view) {
  std::vector<Corner> corners;
  corners.reserve(mesh.vertices.size());
  for (const Vertex& v : mesh.vertices) {
    corners.push_back({view.project(v.position), view.turned(v.normal), v.x, v.y, v.turn});
  }
  for (int r = 0; r + 1 < mesh.rows; ++r) {
    for (int c = 0; c + 1 < mesh.columns; ++c) {
      const size_t i = mesh.index(r, c), below = mesh.index(r + 1, c);
      triangle(corners[i], corners[i + 1], corners[below], mesh.material);
      triangle(corners[i + 1], corners[below + 1], corners[below], mesh.material);
    }
  }
}

}  // namespace facerec::synth
