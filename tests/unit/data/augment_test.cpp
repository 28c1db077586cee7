#include "facerec/data/augment.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/data/loader.h"
#include "facerec/image/degrade.h"
#include "facerec/image/geometry.h"

namespace facerec {
namespace {

using testing::HasSubstr;

constexpr int side = 32;

// Smooth, coloured and of no symmetry.
Image scene(int width = side, int height = side) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(40 + 180 * x / width);
      pixel[1] = static_cast<uint8_t>(60 + 140 * y / height);
      pixel[2] = static_cast<uint8_t>(120 + 60 * std::sin(0.5 * x) * std::cos(0.3 * y));
    }
  }
  return image;
}

struct Change {
  const char* name;
  std::function<void(AugmentConfig&, LowResolutionConfig&, double probability)> set;
};

void PrintTo(const Change& change, std::ostream* stream) { *stream << change.name; }

const std::vector<Change>& changes() {
  using Low = LowResolutionConfig;
  static const std::vector<Change> all{
      {"crop", [](AugmentConfig& c, Low&, double p) { c.crop = {.probability = p, .resize = 40}; }},
      {"resized_crop", [](AugmentConfig& c, Low&, double p) { c.resized_crop.probability = p; }},
      {"rotate", [](AugmentConfig& c, Low&, double p) { c.rotate.probability = p; }},
      {"low_resolution", [](AugmentConfig&, Low& low, double p) { low = {.scale = 4, .probability = p}; }},
      {"flip", [](AugmentConfig& c, Low&, double p) { c.flip = p; }},
      {"color", [](AugmentConfig& c, Low&, double p) { c.color = {.probability = p, .hue = 0.1}; }},
      {"grayscale", [](AugmentConfig& c, Low&, double p) { c.grayscale = p; }},
      {"reduce",
       [](AugmentConfig& c, Low&, double p) {
         c.reduce = {.probability = p, .scale = {0.2, 0.9}};
       }},
      {"blur",
       [](AugmentConfig& c, Low&, double p) {
         c.blur = {.probability = p, .sigma = {0.5, 2}};
       }},
      {"jpeg", [](AugmentConfig& c, Low&, double p) { c.jpeg.probability = p; }},
      {"erase", [](AugmentConfig& c, Low&, double p) { c.erase.probability = p; }},
  };
  return all;
}

Augment augment_of(const AugmentConfig& config, const LowResolutionConfig& low = {}) {
  return {config, low, side, side};
}

Image apply(const Augment& augment, const Image& image, uint64_t position, uint64_t epoch = 0, uint64_t seed = 1) {
  Image out(side, side);
  augment.apply(image, seed, epoch, position, out.rgb.data());
  return out;
}

Image mirrored(Image image) {
  mirror(image.rgb.data(), image.width, image.height);
  return image;
}

std::string bytes_of(const Image& image) { return {image.rgb.begin(), image.rgb.end()}; }

class AugmentBy : public testing::TestWithParam<Change> {
 protected:
  static Augment augment(double probability) {
    AugmentConfig config = no_augmentation();
    LowResolutionConfig low;
    GetParam().set(config, low, probability);
    return augment_of(config, low);
  }
};
INSTANTIATE_TEST_SUITE_P(All, AugmentBy, testing::ValuesIn(changes()),
                         [](const auto& change) { return std::string(change.param.name); });

TEST_P(AugmentBy, ProbabilitiesAreExactAtTheirEndsAndKeptBetween) {
  const Image image = scene();
  const Augment never = augment(0), always = augment(1), sometimes = augment(0.3);
  EXPECT_TRUE(never.only_flips());
  int changed = 0, unchanged = 0;
  for (uint64_t position = 0; position < 400; ++position) {
    ASSERT_EQ(apply(never, image, position).rgb, image.rgb);
    if (apply(always, image, position).rgb == image.rgb) ++unchanged;
    if (apply(sometimes, image, position).rgb != image.rgb) ++changed;
  }
  EXPECT_NEAR(changed, 120, 30);
  EXPECT_LE(unchanged, 1);  // an angle may be next to nothing
}

TEST_P(AugmentBy, TheResultIsAFunctionOfSeedEpochAndPosition) {
  const Image image = scene();
  const Augment once = augment(0.5), again = augment(0.5);
  const auto seen = [&](uint64_t epoch, uint64_t seed) {
    std::vector<std::vector<uint8_t>> all;
    for (uint64_t position = 0; position < 20; ++position) all.push_back(apply(once, image, position, epoch, seed).rgb);
    return all;
  };
  for (uint64_t position = 20; position-- > 0;) {
    EXPECT_EQ(apply(again, image, position, 3, 7).rgb, seen(3, 7)[position]);
  }
  EXPECT_NE(seen(3, 7), seen(4, 7));
  EXPECT_NE(seen(3, 7), seen(3, 8));
}

// Patches for super-resolution: pixels of the stored image, not resampled ones.
TEST(Augment, ACropWithoutResizingIsAPartOfTheImage) {
  AugmentConfig config = no_augmentation();
  config.crop = {.probability = 1, .resize = 0};
  const Augment augment = augment_of(config);
  const Image whole = scene(50, 41);
  std::set<std::pair<int, int>> places;
  for (uint64_t position = 0; position < 20; ++position) {
    const std::string patch = bytes_of(apply(augment, whole, position));
    for (int y = 0; y + side <= whole.height; ++y) {
      for (int x = 0; x + side <= whole.width; ++x) {
        if (bytes_of(cut(whole, {x, y, side, side})) == patch) places.emplace(x, y);
      }
    }
  }
  EXPECT_GT(places.size(), 10U);
  EXPECT_EQ(apply(augment, scene(20, 16), 0).width, side) << "a smaller image is enlarged";
}

TEST(Augment, OneMoreChangeLeavesTheOthersAsTheyWere) {
  AugmentConfig crop = no_augmentation();
  crop.crop = {.probability = 0.7, .resize = 40};
  AugmentConfig both = crop;
  both.grayscale = 0.5;
  int grey = 0;
  for (uint64_t position = 0; position < 100; ++position) {
    const Image plain = apply(augment_of(crop), scene(), position), other = apply(augment_of(both), scene(), position);
    if (plain.rgb == other.rgb) continue;
    ++grey;
    ASSERT_EQ(other.rgb[0], other.rgb[1]);
    ASSERT_NEAR(other.rgb[0], 0.299 * plain.rgb[0] + 0.587 * plain.rgb[1] + 0.114 * plain.rgb[2], 0.51);
  }
  EXPECT_NEAR(grey, 50, 20);
}

TEST(Augment, EveryPlaceOfTheCropIsAsLikely) {
  AugmentConfig config = no_augmentation();
  config.crop = {.probability = 1, .resize = side + 2};
  const Image resized = resize_pillow(scene(50, 60), side + 2, side + 2, PillowFilter::bilinear);
  std::map<std::string, int> seen;  // by its bytes
  for (uint64_t position = 0; position < 1800; ++position) {
    ++seen[bytes_of(apply(augment_of(config), scene(50, 60), position))];
  }
  ASSERT_EQ(seen.size(), 9U);
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 3; ++x) EXPECT_NEAR(seen[bytes_of(cut(resized, {x, y, side, side}))], 200, 60) << x << " " << y;
  }
}

TEST(Augment, CropKeepsTheShapeOfTheInput) {
  AugmentConfig config = no_augmentation();
  config.crop = {.probability = 1, .resize = 24};
  Image out(20, 30);
  Augment(config, {}, 20, 30).apply(scene(24, 36), 1, 0, 0, out.rgb.data());  // 24 × 30/20 = 36: not resized
  std::set<std::string> parts;
  for (int y = 0; y <= 6; ++y) {
    for (int x = 0; x <= 4; ++x) parts.insert(bytes_of(cut(scene(24, 36), {x, y, 20, 30})));
  }
  EXPECT_TRUE(parts.contains(bytes_of(out)));
}

// Of an image whose red tells x and whose green tells y, the corners tell the window.
TEST(Augment, ResizedCropKeepsAreaAndRatio) {
  Image image(200, 200);
  for (int y = 0; y < 200; ++y) {
    for (int x = 0; x < 200; ++x) {
      image.row(y)[3 * x] = static_cast<uint8_t>(x);
      image.row(y)[3 * x + 1] = static_cast<uint8_t>(y);
    }
  }
  AugmentConfig config = no_augmentation();
  config.resized_crop = {.probability = 1, .area = {0.25, 0.5}, .ratio = {0.5, 2}};
  const Augment augment = augment_of(config);
  double least = 1, largest = 0;
  for (uint64_t position = 0; position < 300; ++position) {
    const Image out = apply(augment, image, position);
    const uint8_t *first = out.row(0), *last = out.row(side - 1) + 3 * (side - 1);
    const double width = (last[0] - first[0]) * 32.0 / 31, height = (last[1] - first[1]) * 32.0 / 31;
    const double area = width * height / 40000;
    EXPECT_GT(area, 0.22);
    EXPECT_LT(area, 0.54);
    EXPECT_GT(width / height, 0.46);
    EXPECT_LT(width / height, 2.15);
    least = std::min(least, area);
    largest = std::max(largest, area);
  }
  EXPECT_LT(least, 0.28);
  EXPECT_GT(largest, 0.47);
}

TEST(Augment, AResizedCropThatNeverFitsIsTheCentre) {
  AugmentConfig config = no_augmentation();
  config.resized_crop = {.probability = 1, .area = {1, 1}, .ratio = {0.5, 0.5}};
  const Image expected = resize_pillow(cut(scene(40, 40), {10, 0, 20, 40}), side, side, PillowFilter::bilinear);
  for (uint64_t position = 0; position < 5; ++position) {
    EXPECT_EQ(apply(augment_of(config), scene(40, 40), position).rgb, expected.rgb);
  }
}

TEST(Augment, LowResolutionIsThatOfTheBenchmarksBeforeTheFlip) {
  AugmentConfig config = no_augmentation();
  config.flip = 1;
  const Augment augment = augment_of(config, {.scale = 4, .probability = 1});
  EXPECT_EQ(apply(augment, scene(), 0).rgb, mirrored(reduce_and_enlarge(scene(), 4)).rgb);
}

TEST(Augment, EraseCoversItsShareWithWhatWasAsked) {
  AugmentConfig config = no_augmentation();
  for (const char* fill : {"zero", "noise", "mean"}) {
    config.erase = {.probability = 1, .area = {0.25, 0.25}, .ratio = {1, 1}, .fill = fill};
    for (uint64_t position = 0; position < 50; ++position) {
      Image image = scene();
      for (uint8_t& value : image.rgb) value = std::max<uint8_t>(value, 1);
      const Image out = apply(augment_of(config), image, position);
      int left = side, right = 0, top = side, bottom = 0;
      std::set<std::array<uint8_t, 3>> colours;
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          const uint8_t *pixel = out.row(y) + 3 * x, *old = image.row(y) + 3 * x;
          if (std::equal(pixel, pixel + 3, old)) continue;
          left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
          colours.insert({pixel[0], pixel[1], pixel[2]});
        }
      }
      EXPECT_EQ(right - left, 15) << fill;
      EXPECT_EQ(bottom - top, 15) << fill;
      const bool is_noise = std::string(fill) == "noise";
      EXPECT_EQ(colours.size() > 1, is_noise) << fill;
      if (std::string(fill) == "zero") {
        EXPECT_EQ(*colours.begin(), (std::array<uint8_t, 3>{}));
      }
    }
  }
}

TEST(Augment, ABoxTooLargeIsCutOff) {
  AugmentConfig config = no_augmentation();
  config.erase = {.probability = 1, .area = {1, 1}, .ratio = {4, 4}};
  const Image out = apply(augment_of(config), scene(), 0);
  const auto black = std::ranges::count(out.rgb, 0);
  EXPECT_EQ(black, 3 * side * side / 2);  // all of the width, half of the height
}

TEST(Augment, ImagesOfAnySizeComeOutAtTheInputs) {
  AugmentConfig config;
  LowResolutionConfig low;
  for (const Change& change : changes()) change.set(config, low, 1);
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(3, 200), std::pair(300, 2), std::pair(64, 48)}) {
    for (uint64_t position = 0; position < 20; ++position)
      apply(augment_of(config, low), scene(width, height), position);
  }
}

// The key that is refused.
std::string refused(const std::function<void(AugmentConfig&, LowResolutionConfig&)>& spoil) {
  AugmentConfig config;
  LowResolutionConfig low;
  spoil(config, low);
  try {
    augment_of(config, low);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_FALSE(error.hint().empty());
    return error.key();
  }
  return "nothing";
}

TEST(Augment, WhatCannotBeIsRefusedByKey) {
  using Low = LowResolutionConfig;
  const std::string root = "data.augment.";
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.crop = {.probability = 0.1, .resize = side - 1}; }),
            root + "crop.resize");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.crop = {.probability = 0, .resize = 8}; }), "nothing");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.resized_crop.area = {1, 0.5}; }), root + "resized_crop.area");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.resized_crop.ratio = {1}; }), root + "resized_crop.ratio");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.reduce.scale = {}; }), root + "reduce.scale");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.blur.sigma = {2, 1}; }), root + "blur.sigma");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.jpeg.quality = {90, 30}; }), root + "jpeg.quality");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.erase.area = {0.3, 0.1}; }), root + "erase.area");
  EXPECT_EQ(refused([](AugmentConfig& c, Low&) { c.erase.ratio = {1, 2, 3}; }), root + "erase.ratio");
  EXPECT_EQ(refused([](AugmentConfig&, Low& low) { low = {.scale = side + 1, .probability = 0.5}; }),
            "train.low_resolution.scale");
}

TEST(Augment, IsToldInWordsInItsOrder) {
  AugmentConfig config;
  config.crop = {.probability = 1, .resize = 128};
  config.jpeg.probability = 0.25;
  const Augment augment(config, {.scale = 4, .probability = 0.5}, 112, 112);
  EXPECT_THAT(augment.words(),
              testing::ElementsAre("crop: 112x112 of the image at 128 pixels width, always",
                                   "low_resolution: 1/4 of the sides, 50 % of the images", "flip: 50 % of the images",
                                   "jpeg: quality 30 to 90, 25 % of the images"));
}

// ---- In the loader

class Scenes : public Dataset {
 public:
  int64_t size() const override { return 24; }
  int64_t classes() const override { return 2; }
  int64_t label(int64_t index) const override { return index % 2; }
  std::string name(int64_t index) const override { return std::to_string(index); }
  Sample read(int64_t) const override { return {{}, scene(40, 40)}; }
};

LoaderOptions loader_options(int workers) {
  LoaderOptions options;
  options.width = options.height = side;
  options.batch_size = 8;
  options.workers = workers;
  options.augment.crop = {.probability = 1, .resize = 40};
  options.augment.color.probability = 0.5;
  options.augment.flip = 0.5;
  options.low_resolution = {.scale = 2, .probability = 0.5};
  return options;
}

TEST(AugmentLoader, ShowsWhatTheAugmentationMakesOfEachPlace) {
  const LoaderOptions options = loader_options(3);
  const Augment augment(options.augment, options.low_resolution, side, side);
  Loader loader(std::make_shared<Scenes>(), sequential_sampler(24), options);
  for (uint64_t batch = 0; batch < 6; ++batch) {
    const Batch got = loader.next();
    for (uint64_t i = 0; i < 8; ++i) {
      const Image expected = apply(augment, scene(40, 40), batch % 3 * 8 + i, batch / 3);
      ASSERT_EQ(std::memcmp(&got.pixels[i * expected.rgb.size()], expected.rgb.data(), expected.rgb.size()), 0);
    }
  }
}

TEST(AugmentLoader, FlipsAloneAreThoseOfTheFirstDraw) {
  LoaderOptions options = loader_options(2);
  options.augment = {};
  options.low_resolution = {};
  Loader loader(std::make_shared<Scenes>(), sequential_sampler(24), options);
  const Image plain = resize(scene(40, 40), side, side);
  const Batch batch = loader.next();
  for (uint64_t i = 0; i < 8; ++i) {
    const bool flips = Random("augment", {options.seed, 0, i}).chance(0.5);
    const Image expected = flips ? mirrored(plain) : plain;
    ASSERT_EQ(std::memcmp(&batch.pixels[i * plain.rgb.size()], expected.rgb.data(), expected.rgb.size()), 0) << i;
  }
}

TEST(AugmentLoader, WorkersAndResumingChangeNothing) {
  Loader one(std::make_shared<Scenes>(), sequential_sampler(24), loader_options(1));
  std::vector<Batch> all;
  for (int i = 0; i < 6; ++i) all.push_back(one.next());
  Loader rest(std::make_shared<Scenes>(), sequential_sampler(24), loader_options(4), {1, 1});
  EXPECT_EQ(rest.next().pixels, all[4].pixels);
  EXPECT_EQ(rest.next().pixels, all[5].pixels);
}

TEST(AugmentLoader, WhatCannotBeIsRefusedBeforeTheFirstImage) {
  LoaderOptions options = loader_options(1);
  options.augment.blur.sigma = {3, 1};
  EXPECT_THROW(Loader(std::make_shared<Scenes>(), sequential_sampler(24), options), Error);
}

}  // namespace
}  // namespace facerec
