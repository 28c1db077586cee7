// Images per second of processor time of each change of training images, and of a usual chain of them, from decoded
// 112×112 pixels.
//     augment [SECONDS]
#include "facerec/data/augment.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <opencv2/core.hpp>

namespace {

using namespace facerec;

constexpr int side = 112;

Image noise() {
  Image image(side, side);
  uint32_t state = 1;
  for (uint8_t& value : image.rgb) value = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return image;
}

void time(const char* name, const AugmentConfig& config, double seconds, const LowResolutionConfig& low = {}) {
  const Augment augment(config, low, side, side);
  const Image image = noise();
  Image out(side, side);
  uint64_t images = 0;
  const std::clock_t begin = std::clock();
  double elapsed = 0;
  while (elapsed < seconds) {
    for (int i = 0; i < 50; ++i) augment.apply(image, 1, 0, images++, out.rgb.data());
    elapsed = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  }
  std::printf("%-22s %10.0f images/s\n", name, static_cast<double>(images) / elapsed);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  cv::setNumThreads(1);
  const AugmentConfig none = no_augmentation();
  const auto alone = [&](const char* name, auto set) {
    AugmentConfig config = none;
    set(config);
    time(name, config, seconds);
  };
  alone("nothing", [](AugmentConfig&) {});
  alone("crop", [](AugmentConfig& c) { c.crop.probability = 1; });
  alone("resized_crop", [](AugmentConfig& c) { c.resized_crop.probability = 1; });
  alone("rotate", [](AugmentConfig& c) { c.rotate.probability = 1; });
  time("low_resolution", none, seconds, {.scale = 4, .probability = 1});
  alone("flip", [](AugmentConfig& c) { c.flip = 1; });
  alone("color", [](AugmentConfig& c) { c.color.probability = 1; });
  alone("color with hue", [](AugmentConfig& c) { c.color = {.probability = 1, .hue = 0.1}; });
  alone("grayscale", [](AugmentConfig& c) { c.grayscale = 1; });
  alone("reduce", [](AugmentConfig& c) { c.reduce.probability = 1; });
  alone("blur", [](AugmentConfig& c) { c.blur.probability = 1; });
  alone("jpeg", [](AugmentConfig& c) { c.jpeg.probability = 1; });
  alone("erase", [](AugmentConfig& c) { c.erase.probability = 1; });
  alone("crop, flip, color", [](AugmentConfig& c) { c.crop.probability = c.color.probability = 1, c.flip = 0.5; });
}
