#include "facerec/image/degrade.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/image/geometry.h"
#include "facerec/image/photometric.h"
#include "facerec/image/resample.h"
#include "image/drawing.h"

namespace facerec {
namespace {

using Levels = std::array<double, max_severity>;

uint8_t to_byte(double value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))); }

// What a deviation at ImageNet-C's width is at this one.
double seen_at(int width, double deviation) { return deviation * width / 224; }

Image blur(const Image& image, double deviation, uint64_t) {
  return gaussian_blur(image, seen_at(image.width, deviation));
}

Image noise(const Image& image, double deviation, uint64_t seed) {
  Random random("noise of a corrupted image", {seed});
  Image out = image;
  for (uint8_t& value : out.rgb) value = to_byte(value + 255 * random.normal(0, seen_at(image.width, deviation)));
  return out;
}

Image jpeg(const Image& image, double quality, uint64_t) {
  return decode_image(encode_jpeg(image, static_cast<int>(quality)));
}

// The place is a share of what the box leaves free, so that a larger box covers a smaller one.
Image occlusion(const Image& image, double share, uint64_t seed) {
  Random random("occlusion of a corrupted image", {seed});
  const double ratio = std::exp2(random.uniform(-1, 1)), left = random.uniform(), top = random.uniform();
  const double width = image.width * std::sqrt(share * ratio), height = image.height * std::sqrt(share / ratio);
  const auto x = static_cast<int>(left * (image.width - width)), y = static_cast<int>(top * (image.height - height));
  const auto right = static_cast<int>(std::lround(left * (image.width - width) + width));
  const auto bottom = static_cast<int>(std::lround(top * (image.height - height) + height));
  Image out = image;
  fill(out, {x, y, right - x, bottom - y}, {128, 128, 128});
  return out;
}

double linear_light(double encoded) {
  return encoded <= 0.04045 ? encoded / 12.92 : std::pow((encoded + 0.055) / 1.055, 2.4);
}

double encoded_light(double linear) {
  return linear <= 0.0031308 ? linear * 12.92 : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

// A count of photons is Poisson's, taken as normal with the same variance.
Image dark(const Image& image, double stops, uint64_t seed) {
  constexpr double photons_of_white = 500;
  const double gain = std::exp2(-stops) * photons_of_white;
  std::array<double, 256> expected{};
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = gain * linear_light(static_cast<double>(i) / 255);
  Random random("light of a corrupted image", {seed});
  Image out = image;
  for (uint8_t& value : out.rgb) {
    const double mean = expected[value];
    const double counted = std::max(0.0, std::round(random.normal(mean, std::sqrt(mean))));
    value = to_byte(255 * encoded_light(counted / photons_of_white));
  }
  return out;
}

struct Kind {
  Corruption corruption;
  const char* name;
  Image (*apply)(const Image& image, double level, uint64_t seed);
  Levels levels;
};

constexpr Kind kinds[] = {
    {Corruption::blur, "blur", blur, {1, 2, 3, 4, 6}},
    {Corruption::noise, "noise", noise, {0.08, 0.12, 0.18, 0.26, 0.38}},
    {Corruption::jpeg, "jpeg", jpeg, {25, 18, 15, 10, 7}},
    {Corruption::occlusion, "occlusion", occlusion, {0.05, 0.10, 0.15, 0.20, 0.25}},
    {Corruption::dark, "dark", dark, {1, 2, 3, 4, 5}},
};

const Kind& kind_of(Corruption corruption) {
  return *std::find_if(std::begin(kinds), std::end(kinds),
                       [&](const Kind& kind) { return kind.corruption == corruption; });
}

// Python's round(), which torchvision uses.
int half_to_even(int twice) { return static_cast<int>(std::nearbyint(twice / 2.0)); }

}  // namespace

std::vector<std::string> corruption_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds) names.emplace_back(kind.name);
  return names;
}

std::string name_of(Corruption corruption) { return kind_of(corruption).name; }

Corruption corruption_named(const std::string& name) {
  for (const Kind& kind : kinds) {
    if (name == kind.name) return kind.corruption;
  }
  throw Error::usage("'" + name + "' is no corruption")
      .hint(fmt::format("one of {}", fmt::join(corruption_names(), ", ")));
}

Image corrupt(const Image& image, Corruption corruption, int severity, uint64_t seed) {
  if (severity < 1 || severity > max_severity) {
    throw Error::usage(fmt::format("there is no severity {} of {}", severity, name_of(corruption)))
        .hint(fmt::format("1, the mildest, to {}", max_severity));
  }
  const Kind& kind = kind_of(corruption);
  return kind.apply(image, kind.levels[static_cast<size_t>(severity - 1)], seed);
}

Image reduce(const Image& image, int factor) {
  if (factor < 1 || factor > std::min(image.width, image.height)) {
    throw Error::usage(fmt::format("an image of {}x{} cannot be reduced by {}", image.width, image.height, factor));
  }
  return resize_pillow(image, image.width / factor, image.height / factor, PillowFilter::bicubic);
}

Image reduce_and_enlarge(const Image& image, int factor) {
  return resize_pillow(reduce(image, factor), image.width, image.height, PillowFilter::bicubic);
}

Image resize_and_crop(const Image& image, int resized, int width, int height) {
  if (width < 1 || height < 1 || std::max(width, height) > resized) {
    throw Error::usage(fmt::format("the centre of {}x{} cannot be cut from {}x{}", width, height, resized, resized));
  }
  const Image whole = resize_pillow(image, resized, resized, PillowFilter::bilinear);
  return cut(whole, {half_to_even(resized - width), half_to_even(resized - height), width, height});
}

}  // namespace facerec
