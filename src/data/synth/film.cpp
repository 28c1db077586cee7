#include "data/synth/film.h"

namespace facerec::synth {
namespace {

// For each target pixel the source pixels that it gathers, as many for every one, with weights of sum 1.
struct Taps {
  int count;
  std::vector<int> source;  // count a target
  std::vector<float> weight;
};

Taps gather(int from, int to, float blur) {
  // The kernel (1 - d²)² of radius 1 has the deviation 1 / sqrt(7); 0.42 pixels of it keep edges from stairs.
  const float ratio = static_cast<float>(from) / static_cast<float>(to);
  const float radius = std::sqrt(7 * (square(.42F) + square(blur))) * ratio;
  Taps taps{2 * static_cast<int>(radius + 1) + 1, {}, {}};
  for (int i = 0; i < to; ++i) {
    const float centre = (static_cast<float>(i) + .5F) * ratio - .5F;
    const int first = floor_of(centre + .5F) - taps.count / 2;
    float sum = 0;
    for (int k = 0; k < taps.count; ++k) {
      const float d = (static_cast<float>(first + k) - centre) / radius;
      taps.source.push_back(std::min(std::max(first + k, 0), from - 1));
      taps.weight.push_back(bump(d * d));
      sum += taps.weight.back();
    }
    for (int k = 0; k < taps.count; ++k) taps.weight[taps.weight.size() - 1 - static_cast<size_t>(k)] /= sum;
  }
  return taps;
}

std::vector<Rgb> shrink(const std::vector<Rgb>& scene, int from, int to, float blur) {
  const Taps taps = gather(from, to, blur);
  const auto n = static_cast<size_t>(from), m = static_cast<size_t>(to), count = static_cast<size_t>(taps.count);
  std::vector<Rgb> flat(m * n), result(m * m);  // flat: m rows of n
  for (size_t y = 0; y < m; ++y) {
    for (size_t k = 0; k < count; ++k) {
      const float w = taps.weight[y * count + k];
      const Rgb* source = &scene[static_cast<size_t>(taps.source[y * count + k]) * n];
      for (size_t x = 0; x < n; ++x) flat[y * n + x] = flat[y * n + x] + source[x] * w;
    }
  }
  for (size_t y = 0; y < m; ++y) {
    for (size_t x = 0; x < m; ++x) {
      Rgb sum;
      for (size_t k = 0; k < count; ++k) {
        sum = sum + flat[y * n + static_cast<size_t>(taps.source[x * count + k])] * taps.weight[x * count + k];
      }
      result[y * m + x] = sum;
    }
  }
  return result;
}

// Bright light saturates softly; then the screen's gamma and the camera's contrast.
float tone(float light, const Shot& shot) {
  const float exposed = std::max(light, 0.0F) * shot.exposure;
  const float v = std::sqrt(exposed * 1.3F / (1 + .3F * exposed * exposed));
  return (v - .45F) * shot.contrast + .45F;
}

}  // namespace

Image develop(const std::vector<Rgb>& scene, int scene_size, const Shot& shot, int size) {
  const std::vector<Rgb> light = shrink(scene, scene_size, size, shot.blur * static_cast<float>(size) / 112);
  Image image(size, size);
  uint8_t* out = image.rgb.data();
  for (size_t i = 0; i < light.size(); ++i) {
    const float r = tone(light[i].x, shot), g = tone(light[i].y, shot), b = tone(light[i].z, shot);
    const float grey = .3F * r + .59F * g + .11F * b;
    // Grain: mostly of brightness, a little of colour.
    const auto at = static_cast<int32_t>(i);
    const float grain = (lattice(at, 0, shot.noise) + lattice(at, 1, shot.noise) - 1) * 2.45F * shot.grain;
    const float tint = (lattice(at, 2, shot.noise) - .5F) * shot.grain;
    auto level = [&](float v, float extra) {
      const float value = mix(grey, v, shot.saturation) * 255 + grain + extra;
      return static_cast<uint8_t>(std::min(std::max(value + .5F, 0.0F), 255.0F));
    };
    *out++ = level(r, tint);
    *out++ = level(g, 0);
    *out++ = level(b, -tint);
  }
  return image;
}

}  // namespace facerec::synth
