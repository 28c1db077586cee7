#include "facerec/data/augment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/image/degrade.h"
#include "facerec/image/geometry.h"
#include "facerec/image/photometric.h"

namespace facerec {
namespace {

// Of one image at one place of an epoch.
struct Dice {
  uint64_t seed, epoch, position;

  Random stream(std::string_view purpose) const { return {purpose, {seed, epoch, position}}; }

  template <class Change>
  void maybe(std::string_view purpose, double probability, Change change) const {
    if (probability == 0) return;
    Random random = stream(purpose);
    if (random.chance(probability)) change(random);
  }
};

struct Extent {
  int width, height;
};

bool fits(const Extent& part, const Extent& whole) {
  return part.width > 0 && part.height > 0 && part.width <= whole.width && part.height <= whole.height;
}

double draw(const std::vector<double>& range, Random& random) { return random.uniform(range[0], range[1]); }

// Of an area and a ratio that are drawn until it fits, ten times at most; the last one then does not fit.
Extent draw_extent(const Extent& whole, const std::vector<double>& area, const std::vector<double>& ratio,
                   Random& random) {
  const std::vector<double> logarithms{std::log(ratio[0]), std::log(ratio[1])};
  Extent part{};
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double pixels = draw(area, random) * whole.width * whole.height;
    const double aspect = std::exp(draw(logarithms, random));
    part = {static_cast<int>(std::nearbyint(std::sqrt(pixels * aspect))),
            static_cast<int>(std::nearbyint(std::sqrt(pixels / aspect)))};
    if (fits(part, whole)) break;
  }
  return part;
}

Window draw_place(const Extent& part, const Extent& whole, Random& random) {
  const auto below = [&](int room) { return static_cast<int>(random.below(static_cast<uint64_t>(room) + 1)); };
  const int x = below(whole.width - part.width), y = below(whole.height - part.height);
  return {x, y, part.width, part.height};
}

// The largest part in the centre whose ratio is nearest to the image's own.
Window central_part(const Extent& whole, const std::vector<double>& ratio) {
  const double own = static_cast<double>(whole.width) / whole.height;
  const double allowed = std::clamp(own, ratio[0], ratio[1]);
  const auto rounded = [](double side) { return std::max(1, static_cast<int>(std::nearbyint(side))); };
  const int width = own > allowed ? rounded(whole.height * allowed) : whole.width;
  const int height = own < allowed ? rounded(whole.width / allowed) : whole.height;
  return {(whole.width - width) / 2, (whole.height - height) / 2, width, height};
}

// The image of which `crop` cuts a part: `resize` wide and of the shape of the input; or the image itself, enlarged so
// far that the input fits into it.
Image resized_for_crop(int64_t resize, const Extent& input, const Image& image) {
  const auto rounded = [](double side) { return static_cast<int>(std::lround(side)); };
  Extent size{static_cast<int>(resize), rounded(static_cast<double>(resize) * input.height / input.width)};
  if (resize == 0) {
    const double scale = std::max(
        {1.0, static_cast<double>(input.width) / image.width, static_cast<double>(input.height) / image.height});
    size = {std::max(input.width, rounded(scale * image.width)), std::max(input.height, rounded(scale * image.height))};
  }
  return resize_pillow(image, size.width, size.height, PillowFilter::bilinear);
}

// What becomes of an image until it has the size of the input.
Image cut_out(const AugmentConfig& config, int width, int height, const Image& image, const Dice& dice) {
  const Extent input{width, height};
  Image out;
  dice.maybe("augment crop", config.crop.probability, [&](Random& random) {
    const Image whole = resized_for_crop(config.crop.resize, input, image);
    out = cut(whole, draw_place(input, {whole.width, whole.height}, random));
  });
  dice.maybe("augment resized_crop", config.resized_crop.probability, [&](Random& random) {
    const Image& from = out.rgb.empty() ? image : out;
    const Extent whole{from.width, from.height};
    const Extent part = draw_extent(whole, config.resized_crop.area, config.resized_crop.ratio, random);
    const Window window =
        fits(part, whole) ? draw_place(part, whole, random) : central_part(whole, config.resized_crop.ratio);
    out = resize_pillow(cut(from, window), width, height, PillowFilter::bilinear);
  });
  return out.rgb.empty() ? resize(image, width, height) : out;
}

void change_color(const ColorConfig& config, Random& random, Image& image) {
  const auto factor = [&](double change) { return random.uniform(1 - change, 1 + change); };
  const std::function<void()> changes[] = {
      [&] { adjust_brightness(image, factor(config.brightness)); },
      [&] { adjust_contrast(image, factor(config.contrast)); },
      [&] { adjust_saturation(image, factor(config.saturation)); },
      [&] { adjust_hue(image, random.uniform(-config.hue, config.hue)); },
  };
  const double largest[] = {config.brightness, config.contrast, config.saturation, config.hue};
  std::array<size_t, 4> order{0, 1, 2, 3};
  random.shuffle(std::span<size_t>(order));
  for (const size_t each : order) {
    if (largest[each] > 0) changes[each]();
  }
}

Image reduce_randomly(const ReduceConfig& config, Random& random, const Image& image) {
  constexpr Interpolation kinds[] = {Interpolation::nearest, Interpolation::linear, Interpolation::area,
                                     Interpolation::cubic, Interpolation::lanczos};
  const double scale = draw(config.scale, random);
  const auto reduced = [&](int side) { return std::max(1, static_cast<int>(scale * side)); };
  const Interpolation down = kinds[random.below(std::size(kinds))], up = kinds[random.below(std::size(kinds))];
  return resize(resize(image, reduced(image.width), reduced(image.height), down), image.width, image.height, up);
}

std::array<uint8_t, 3> mean_of(const Image& image) {
  std::array<uint64_t, 3> sums{};
  for (size_t i = 0; i < image.rgb.size(); ++i) sums[i % 3] += image.rgb[i];
  std::array<uint8_t, 3> mean{};
  for (size_t c = 0; c < 3; ++c) mean[c] = static_cast<uint8_t>(3 * sums[c] / image.rgb.size());
  return mean;
}

void erase(const EraseConfig& config, Random& random, Image& image) {
  const Extent whole{image.width, image.height};
  Extent box = draw_extent(whole, config.area, config.ratio, random);
  box = {std::clamp(box.width, 1, whole.width), std::clamp(box.height, 1, whole.height)};
  const Window window = draw_place(box, whole, random);
  const std::array<uint8_t, 3> colour = config.fill == "mean" ? mean_of(image) : std::array<uint8_t, 3>{};
  const bool is_noise = config.fill == "noise";
  for (int y = window.y; y < window.y + window.height; ++y) {
    uint8_t* values = image.row(y) + 3 * window.x;
    for (size_t i = 0; i < 3 * static_cast<size_t>(window.width); ++i) {
      values[i] = is_noise ? static_cast<uint8_t>(random.below(256)) : colour[i % 3];
    }
  }
}

template <class Number>
void check_range(const char* key, const std::vector<Number>& range) {
  if (range.size() == 2 && range[0] <= range[1]) return;
  throw Error::usage(range.size() == 2 ? fmt::format("[{}, {}] is reversed", range[0], range[1])
                                       : fmt::format("{} numbers in place of two", range.size()))
      .key(fmt::format("data.augment.{}", key))
      .hint("the form is [least, largest]");
}

}  // namespace

Augment::Augment(const AugmentConfig& config, const LowResolutionConfig& low_resolution, int width, int height)
    : config_(config), low_resolution_(low_resolution), width_(width), height_(height) {
  check_range("resized_crop.area", config.resized_crop.area);
  check_range("resized_crop.ratio", config.resized_crop.ratio);
  check_range("reduce.scale", config.reduce.scale);
  check_range("blur.sigma", config.blur.sigma);
  check_range("jpeg.quality", config.jpeg.quality);
  check_range("erase.area", config.erase.area);
  check_range("erase.ratio", config.erase.ratio);
  if (config.crop.probability > 0 && config.crop.resize > 0 && config.crop.resize < width) {
    throw Error::usage(
        fmt::format("{} pixels are too few to cut the input of {}x{} from", config.crop.resize, width, height))
        .key("data.augment.crop.resize")
        .hint(fmt::format("it is usually 8/7 of the input's width: {}", width * 8 / 7));
  }
  if (low_resolution.probability > 0 && low_resolution.scale > std::min(width, height)) {
    throw Error::usage(fmt::format("nothing is left of {}x{} at 1/{}", width, height, low_resolution.scale))
        .key("train.low_resolution.scale")
        .hint("4 is SNU_FaceRecognition's, for 112x112");
  }
}

bool Augment::only_flips() const {
  const double others[] = {config_.crop.probability,    config_.resized_crop.probability, config_.rotate.probability,
                           low_resolution_.probability, config_.color.probability,        config_.grayscale,
                           config_.reduce.probability,  config_.blur.probability,         config_.jpeg.probability,
                           config_.erase.probability};
  return std::ranges::all_of(others, [](double probability) { return probability == 0; });
}

bool Augment::flips(uint64_t seed, uint64_t epoch, uint64_t position) const {
  return Random("augment", {seed, epoch, position}).chance(config_.flip);
}

void Augment::apply(const Image& image, uint64_t seed, uint64_t epoch, uint64_t position, uint8_t* rgb) const {
  const Dice dice{seed, epoch, position};
  const AugmentConfig& c = config_;
  Image out = cut_out(c, width_, height_, image, dice);
  dice.maybe("augment rotate", c.rotate.probability,
             [&](Random& random) { out = rotate(out, random.uniform(-c.rotate.degrees, c.rotate.degrees)); });
  dice.maybe("augment low_resolution", low_resolution_.probability,
             [&](Random&) { out = reduce_and_enlarge(out, static_cast<int>(low_resolution_.scale)); });
  if (flips(seed, epoch, position)) mirror(out.rgb.data(), width_, height_);
  dice.maybe("augment color", c.color.probability, [&](Random& random) { change_color(c.color, random, out); });
  dice.maybe("augment grayscale", c.grayscale, [&](Random&) { make_grey(out); });
  dice.maybe("augment reduce", c.reduce.probability,
             [&](Random& random) { out = reduce_randomly(c.reduce, random, out); });
  dice.maybe("augment blur", c.blur.probability,
             [&](Random& random) { out = gaussian_blur(out, draw(c.blur.sigma, random)); });
  dice.maybe("augment jpeg", c.jpeg.probability, [&](Random& random) {
    const auto qualities = static_cast<uint64_t>(c.jpeg.quality[1] - c.jpeg.quality[0] + 1);
    out =
        decode_image(encode_jpeg(out, static_cast<int>(c.jpeg.quality[0]) + static_cast<int>(random.below(qualities))));
  });
  dice.maybe("augment erase", c.erase.probability, [&](Random& random) { erase(c.erase, random, out); });
  std::ranges::copy(out.rgb, rgb);
}

}  // namespace facerec
