#include "image/exif.h"

#include <gtest/gtest.h>

#include "facerec/image/image.h"
#include "support/exif.h"

namespace facerec {
namespace {

std::vector<std::byte> with_orientation(const Image& image, uint8_t orientation) {
  std::vector<std::byte> jpeg = encode_jpeg(image, 95);
  const std::vector<std::byte> exif = test::exif_segment(orientation);
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  return jpeg;
}

// A bright top-left corner: where it ends up tells the orientation.
TEST(Exif, EveryOrientationIsMadeUpright) {
  Image image(64, 32);
  for (int y = 0; y < 16; ++y) std::fill_n(image.row(y), 16 * 3, uint8_t{255});
  struct Case {
    int orientation, width, x, y;
  };
  for (const Case& c : {Case{1, 64, 4, 4},
                        {2, 64, 60, 4},
                        {3, 64, 60, 28},
                        {4, 64, 4, 28},
                        {5, 32, 4, 4},
                        {6, 32, 28, 4},
                        {7, 32, 28, 60},
                        {8, 32, 4, 60}}) {
    const std::vector<std::byte> jpeg = with_orientation(image, static_cast<uint8_t>(c.orientation));
    EXPECT_EQ(exif_orientation(jpeg), c.orientation);
    const Image upright_image = decode_image(jpeg);
    EXPECT_EQ(upright_image.width, c.width) << c.orientation;
    EXPECT_GT(upright_image.row(c.y)[c.x * 3], 200) << c.orientation;
  }
}

TEST(Exif, DamagedBlocksMeanUpright) {
  std::vector<std::byte> jpeg = with_orientation(Image(16, 16), 9);
  EXPECT_EQ(exif_orientation(jpeg), 1);
  jpeg[14] = std::byte{0xFF};  // an offset far outside
  EXPECT_EQ(exif_orientation(jpeg), 1);
}

}  // namespace
}  // namespace facerec
