// Against torchvision 0.28 on Pillow's images: tests/golden/augment.safetensors.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "facerec/image/geometry.h"
#include "facerec/image/photometric.h"
#include "facerec/io/safetensors.h"
#include "unit/image/pattern.h"

namespace facerec {
namespace {

using test::pattern;

class AugmentImage : public testing::Test {
 protected:
  Image expected(const std::string& name) const {
    const TensorView& view = golden.tensors().at(name);
    Image image(static_cast<int>(view.shape[1]), static_cast<int>(view.shape[0]));
    std::memcpy(image.rgb.data(), view.bytes.data(), image.rgb.size());
    return image;
  }

  const SafetensorsFile golden{fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "augment.safetensors"};
};

// Mean and largest difference of the pixels that lie `margin` inside.
std::pair<double, int> difference(const Image& a, const Image& b, int margin = 0) {
  double sum = 0;
  int largest = 0, count = 0;
  for (int y = margin; y < a.height - margin; ++y) {
    for (int x = 3 * margin; x < 3 * (a.width - margin); ++x, ++count) {
      const int each = std::abs(a.row(y)[x] - b.row(y)[x]);
      sum += each;
      largest = std::max(largest, each);
    }
  }
  return {sum / count, largest};
}

TEST_F(AugmentImage, BrightnessContrastAndSaturationEqualTorchvisionsOnPillowsImages) {
  for (const auto& [name, adjust] :
       {std::pair("brightness", &adjust_brightness), std::pair("contrast", &adjust_contrast),
        std::pair("saturation", &adjust_saturation)}) {
    for (const auto& [text, factor] : {std::pair("0.0", 0.0), std::pair("0.6", 0.6), std::pair("1.37", 1.37)}) {
      Image image = pattern();
      adjust(image, factor);
      EXPECT_EQ(image.rgb, expected(std::string(name) + "." + text).rgb) << name << " " << factor;
    }
    Image image = pattern();
    adjust(image, 1);
    EXPECT_EQ(image.rgb, pattern().rgb) << name;
  }
}

TEST_F(AugmentImage, GreyEqualsPillows) {
  Image image = pattern();
  make_grey(image);
  EXPECT_EQ(image.rgb, expected("grey").rgb);
}

TEST_F(AugmentImage, HueTurnsAsPillowsButForRoundings) {
  for (const auto& [text, turns] : {std::pair("0.1", 0.1), std::pair("-0.3", -0.3)}) {
    Image image = expected("smooth");
    adjust_hue(image, turns);
    const auto [mean, largest] = difference(image, expected(std::string("hue.") + text));
    EXPECT_LT(mean, 1.5) << turns;
    EXPECT_LE(largest, 8) << turns;
  }
}

TEST_F(AugmentImage, ATurnTurnsTheSameWayAndLeavesBlack) {
  for (const auto& [text, degrees] : {std::pair("10.0", 10.0), std::pair("-25.0", -25.0)}) {
    const Image turned = rotate(expected("smooth"), degrees), other = expected(std::string("rotate.") + text);
    EXPECT_LT(difference(turned, other).first, 3) << degrees;
    EXPECT_LE(difference(turned, other, 15).second, 2) << degrees;
    EXPECT_EQ(turned.row(0)[0], 0) << degrees;
  }
}

TEST_F(AugmentImage, AResizedWindowEqualsTorchvisionsResizedCrop) {
  const Image part = cut(pattern(), {7, 5, 41, 30});
  EXPECT_EQ(resize_pillow(part, 32, 32, PillowFilter::bilinear).rgb, expected("resized_crop").rgb);
}

TEST_F(AugmentImage, BlurIsAGaussian) {
  EXPECT_LE(difference(gaussian_blur(expected("smooth"), 1.5), expected("blur.1.5")).second, 2);
}

TEST_F(AugmentImage, InterpolationsKeepFlatImagesFlat) {
  const Image flat = [] {
    Image image(20, 20);
    std::fill(image.rgb.begin(), image.rgb.end(), uint8_t{77});
    return image;
  }();
  for (const Interpolation each : {Interpolation::nearest, Interpolation::linear, Interpolation::area,
                                   Interpolation::cubic, Interpolation::lanczos}) {
    const Image small = resize(flat, 3, 5, each);
    EXPECT_EQ(small.width, 3);
    EXPECT_EQ(resize(small, 20, 20, each).rgb, flat.rgb);
  }
}

}  // namespace
}  // namespace facerec
