#include "facerec/image/degrade.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/safetensors.h"
#include "support/images.h"
#include "unit/image/pattern.h"

namespace facerec {
namespace {

constexpr Corruption all_corruptions[] = {Corruption::blur, Corruption::noise, Corruption::jpeg, Corruption::occlusion,
                                          Corruption::dark};

using test::pattern;

// Smooth, as faces are: shades that rise and fall over some ten pixels.
Image shades(int size = 112) {
  Image image(size, size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] =
            static_cast<uint8_t>(128 + 60 * std::sin(x * 0.5 + c) * std::cos(y * 0.4) + 40 * std::sin(x * 0.1));
      }
    }
  }
  return image;
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return sum / static_cast<double>(a.rgb.size());
}

int largest_difference(const Image& a, const TensorView& b) {
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i)
    largest = std::max(largest, std::abs(a.rgb[i] - static_cast<int>(b.bytes[i])));
  return largest;
}

class Degrade : public testing::Test {
 protected:
  void expect_equal(const std::string& name, const Image& image) const {
    const TensorView& expected = golden.tensors().at(name);
    ASSERT_EQ(expected.shape, (std::vector<int64_t>{image.height, image.width, 3})) << name;
    EXPECT_EQ(std::memcmp(image.rgb.data(), expected.bytes.data(), image.rgb.size()), 0) << name;
  }

  const SafetensorsFile golden{fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "degrade.safetensors"};
};

TEST_F(Degrade, LowResolutionEqualsTorchvisionOnPillowsImages) {
  for (const int factor : {2, 3, 8}) {
    expect_equal("low_resolution." + std::to_string(factor), reduce_and_enlarge(pattern(), factor));
  }
}

TEST_F(Degrade, ResizeAndCropEqualsTorchvisionOnPillowsImages) {
  expect_equal("resize_and_crop.40.35.37", resize_and_crop(pattern(), 40, 35, 37));
  expect_equal("resize_and_crop.33.32.30", resize_and_crop(pattern(), 33, 32, 30));
  expect_equal("resize_and_crop.40.40.40", resize_and_crop(pattern(), 40, 40, 40));
}

TEST_F(Degrade, JpegEqualsPillowsOfTheSameQuality) {
  expect_equal("jpeg.25", corrupt(pattern(), Corruption::jpeg, 1, 0));
  expect_equal("jpeg.7", corrupt(pattern(), Corruption::jpeg, 5, 0));
}

TEST_F(Degrade, BlurIsAGaussianOfTheImagesScale) {
  EXPECT_LE(largest_difference(corrupt(pattern(), Corruption::blur, 3, 0), golden.tensors().at("blur.3")), 2);
}

TEST_F(Degrade, EverySeverityIsWorseThanTheLast) {
  const Image image = shades();
  for (const Corruption corruption : all_corruptions) {
    double last = 0;
    for (int severity = 1; severity <= max_severity; ++severity) {
      const Image worse = corrupt(image, corruption, severity, 7);
      ASSERT_EQ(worse.width, image.width);
      ASSERT_EQ(worse.height, image.height);
      const double now = mean_difference(image, worse);
      EXPECT_GT(now, last) << name_of(corruption) << " " << severity;
      last = now;
    }
  }
}

TEST_F(Degrade, TheSeedAloneDecidesNoiseAndPlace) {
  const Image image = shades();
  for (const Corruption corruption : all_corruptions) {
    const bool is_random = corruption != Corruption::blur && corruption != Corruption::jpeg;
    const Image once = corrupt(image, corruption, 3, 1);
    EXPECT_EQ(once.rgb, corrupt(image, corruption, 3, 1).rgb) << name_of(corruption);
    EXPECT_EQ(once.rgb != corrupt(image, corruption, 3, 2).rgb, is_random) << name_of(corruption);
  }
}

TEST_F(Degrade, NoiseHasTheDeviationOfTheImagesScale) {
  const Image grey = test::flat_image(112, 128, 128, 128);
  double sum = 0, squares = 0;
  const Image noisy = corrupt(grey, Corruption::noise, 2, 5);
  for (const uint8_t value : noisy.rgb) {
    sum += value - 128.0;
    squares += (value - 128.0) * (value - 128.0);
  }
  const auto count = static_cast<double>(noisy.rgb.size());
  EXPECT_NEAR(sum / count, 0, 0.7);
  EXPECT_NEAR(std::sqrt(squares / count), 0.06 * 255, 0.4);
}

TEST_F(Degrade, TheBoxCoversItsShareAndThatOfMilderSeverities) {
  constexpr double shares[] = {0.05, 0.10, 0.15, 0.20, 0.25};
  const Image black(112, 112);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Image last = black;
    for (int severity = 1; severity <= max_severity; ++severity) {
      const Image now = corrupt(black, Corruption::occlusion, severity, seed);
      const auto covered = std::count(now.rgb.begin(), now.rgb.end(), 128);
      EXPECT_NEAR(static_cast<double>(covered) / static_cast<double>(now.rgb.size()), shares[severity - 1], 0.02);
      for (size_t i = 0; i < now.rgb.size(); ++i) ASSERT_GE(now.rgb[i], last.rgb[i]) << "seed " << seed;
      last = now;
    }
  }
}

// Mid-grey 188 is half of white's light, 255 a stop above it.
TEST_F(Degrade, DarknessHalvesTheLightWithEveryStop) {
  const Image white = test::flat_image(64, 255, 255, 255);
  const Image halved = corrupt(white, Corruption::dark, 1, 3);
  double sum = 0;
  for (const uint8_t value : halved.rgb) sum += value;
  EXPECT_NEAR(sum / static_cast<double>(halved.rgb.size()), 188, 1);
  const Image black(8, 8);
  EXPECT_EQ(corrupt(black, Corruption::dark, 5, 3).rgb, black.rgb);
}

TEST_F(Degrade, SinglePixelsSurvive) {
  const Image dot = test::flat_image(1, 200, 100, 50);
  for (const Corruption corruption : all_corruptions) {
    for (int severity = 1; severity <= max_severity; ++severity) {
      EXPECT_EQ(corrupt(dot, corruption, severity, 1).rgb.size(), 3);
    }
  }
  EXPECT_EQ(reduce_and_enlarge(dot, 1).rgb, dot.rgb);
}

TEST_F(Degrade, NamesLeadBackToTheirCorruption) {
  EXPECT_EQ(join(corruption_names()), "blur, noise, jpeg, occlusion, dark");
  for (const Corruption corruption : all_corruptions) EXPECT_EQ(corruption_named(name_of(corruption)), corruption);
}

TEST_F(Degrade, WhatCannotBeIsAUsageError) {
  const Image image = shades(16);
  EXPECT_THROW(corruption_named("rain"), Error);
  EXPECT_THROW(corrupt(image, Corruption::blur, 0, 0), Error);
  EXPECT_THROW(corrupt(image, Corruption::blur, 6, 0), Error);
  EXPECT_THROW(reduce(image, 0), Error);
  EXPECT_THROW(reduce(image, 17), Error);
  EXPECT_THROW(resize_and_crop(image, 10, 11, 10), Error);
  EXPECT_THROW(resize_and_crop(image, 10, 0, 10), Error);
}

}  // namespace
}  // namespace facerec
