#include <string>

#include "data/synth/film.h"
#include "data/synth/head.h"
#include "data/synth/person.h"
#include "data/synth/scene.h"
#include "data/synth/shot.h"
#include "data/synth/view.h"
#include "facerec/data/synth.h"

namespace facerec {
namespace {

using synth::Shot;

// The scene is drawn with this many times the pixels along each side, then filtered down.
constexpr double oversampling = 1.25;

int third(float angle, float limit) { return angle < -limit ? 0 : angle > limit ? 2 : 1; }

std::string light_name(const synth::Light& light) {
  if (light.azimuth > 25) return "right";
  if (light.azimuth < -25) return "left";
  if (light.elevation > 40) return "above";
  return light.elevation < 0 ? "below" : "front";
}

void describe_shot(const Shot& shot, SynthFace& face) {
  constexpr const char* expressions[] = {"E01", "E02", "E03"};
  constexpr const char* glasses[] = {"none", "clear", "sun"};
  constexpr const char* covers[] = {"none", "mask", "object"};
  face.expression = expressions[static_cast<int>(shot.expression.mood)];
  face.camera_angle = "C" + std::to_string(1 + third(shot.yaw, 12) + 3 * third(-shot.pitch, 6));
  face.yaw = shot.yaw;
  face.pitch = shot.pitch;
  face.roll = shot.roll;
  face.glasses = glasses[static_cast<int>(shot.glasses.kind)];
  face.occlusion = covers[static_cast<int>(shot.cover)];
  face.age = static_cast<int>(shot.age);
  face.light = light_name(shot.light);
  face.jpeg_quality = shot.jpeg_quality;
}

}  // namespace

SynthFace render_synthetic_face(const SynthConfig& config, uint64_t identity, uint64_t image) {
  const auto seed = static_cast<uint64_t>(config.seed);
  const int size = static_cast<int>(config.size), scene_size = static_cast<int>(size * oversampling);
  const synth::Person person = synth::draw_person(seed, identity);
  const Shot shot = synth::draw_shot(person, seed, identity, image, static_cast<float>(config.difficulty));
  const synth::Head head(person, shot);
  const auto points = head.landmarks();
  const synth::View view(shot, points, scene_size);

  SynthFace face{};
  face.image = synth::develop(synth::render_scene(person, shot, head, view, scene_size), scene_size, shot, size);
  const float shrink = static_cast<float>(size) / static_cast<float>(scene_size);
  for (size_t i = 0; i < points.size(); ++i) {
    const synth::Vec3 p = view.project(points[i]);
    face.landmarks[i] = {p.x * shrink, p.y * shrink};
  }
  describe_shot(shot, face);
  return face;
}

}  // namespace facerec
