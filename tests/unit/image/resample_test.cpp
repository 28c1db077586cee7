#include "facerec/image/resample.h"

#include <gtest/gtest.h>

#include <cstring>

#include "facerec/io/safetensors.h"
#include "unit/image/pattern.h"

namespace facerec {
namespace {

using test::pattern;

class Resample : public testing::Test {
 protected:
  const SafetensorsFile golden{fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "resample.safetensors"};
};

TEST_F(Resample, EqualsPillowToTheLastBit) {
  int compared = 0;
  for (const auto& [name, view] : golden.tensors()) {
    if (view.dtype != "U8") continue;
    const auto filter = name.starts_with("bilinear") ? PillowFilter::bilinear : PillowFilter::bicubic;
    const auto height = static_cast<int>(view.shape[0]), width = static_cast<int>(view.shape[1]);
    const Image actual = resize_pillow(pattern(), width, height, filter);
    ASSERT_EQ(actual.rgb.size(), view.bytes.size()) << name;
    EXPECT_EQ(std::memcmp(actual.rgb.data(), view.bytes.data(), view.bytes.size()), 0) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 12);
}

TEST_F(Resample, AveragesAreasAsPyTorch) {
  const Image image = pattern();
  int compared = 0;
  for (const auto& [name, view] : golden.tensors()) {
    if (view.dtype != "F32") continue;
    const auto height = static_cast<int>(view.shape[0]), width = static_cast<int>(view.shape[1]);
    std::vector<float> expected(view.bytes.size() / sizeof(float)), actual(expected.size());
    std::memcpy(expected.data(), view.bytes.data(), view.bytes.size());
    const int upper = height / 2;  // in two parts: rows are independent
    const Window all{0, 0, image.width, image.height};
    resize_area(image, all, width, height, 0, upper, actual.data());
    resize_area(image, all, width, height, upper, height - upper, actual.data() + 3 * width * upper);
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-4) << name << " " << i;
    ++compared;
  }
  EXPECT_EQ(compared, 4);
}

TEST_F(Resample, OfAWindowSeesNothingElse) {
  const Image image = pattern();
  Image part(20, 10);
  for (int y = 0; y < 10; ++y) std::memcpy(part.row(y), image.row(y + 30) + 3 * 7, 60);
  std::vector<float> of_window(8 * 8 * 3), of_part(8 * 8 * 3);
  resize_area(image, {7, 30, 20, 10}, 8, 8, 0, 8, of_window.data());
  resize_area(part, {0, 0, 20, 10}, 8, 8, 0, 8, of_part.data());
  EXPECT_EQ(of_window, of_part);
}

}  // namespace
}  // namespace facerec
