// Images at 1/2, 1/4 and 1/8 of their size.
#include <gmock/gmock.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cmath>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"
#include "image/jpeg_markers.h"
#include "support/images.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::Each;
using testing::HasSubstr;

int divided(int size, int reduction) { return (size + reduction - 1) / reduction; }

// Red grows to the right, green downwards, by the same step a pixel in every size.
Image ramps(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.row(y)[3 * x] = static_cast<uint8_t>(std::min(x, 255));
      image.row(y)[3 * x + 1] = static_cast<uint8_t>(std::min(y, 255));
    }
  }
  return image;
}

void expect_ramps(const Image& image, int width, int height, int reduction, double tolerance) {
  ASSERT_EQ(image.width, divided(width, reduction));
  ASSERT_EQ(image.height, divided(height, reduction));
  for (int y = 0; y < height / reduction; ++y) {
    for (int x = 0; x < width / reduction; ++x) {
      ASSERT_NEAR(image.row(y)[3 * x], (x + 0.5) * reduction - 0.5, tolerance) << x << ", " << y;
      ASSERT_NEAR(image.row(y)[3 * x + 1], (y + 0.5) * reduction - 0.5, tolerance) << x << ", " << y;
    }
  }
}

TEST(Reduced, PixelsLieWhereTheyAreSaidTo) {
  for (const auto& [width, height] : {std::pair{240, 160}, {229, 131}, {50, 30}, {7, 5}}) {
    const Image image = ramps(width, height);
    for (const int reduction : {1, 2, 4, 8}) {
      SCOPED_TRACE(testing::Message() << width << "x" << height << " at 1/" << reduction);
      expect_ramps(decode_image(encode_png(image), reduction), width, height, reduction, 0.51);
      expect_ramps(decode_image(encode_jpeg(image, 100), reduction), width, height, reduction, 4);
    }
  }
}

TEST(Reduced, BlocksAtTheEdgeAreAveragesOfWhatIsThere) {
  Image image(5, 3);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i / 3 * 10);
  const Image small = decode_image(encode_png(image), 2);
  EXPECT_EQ(small.row(0)[0], 30);      // 0 10 50 60
  EXPECT_EQ(small.row(0)[3 * 2], 65);  // 40 90
  EXPECT_EQ(small.row(1)[0], 105);     // 100 110
  EXPECT_EQ(small.row(1)[3 * 2], 140);
}

// A JPEG with an EXIF segment that tells the orientation.
std::vector<std::byte> turned(const Image& image, char orientation) {
  std::vector<std::byte> jpeg = encode_jpeg(image, 100);
  const std::string exif = std::string(
                               "\xFF\xE1\0\x22"
                               "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0",
                               28) +
                           orientation + std::string(7, '\0');
  const auto bytes = std::as_bytes(std::span(exif));
  jpeg.insert(jpeg.begin() + 2, bytes.begin(), bytes.end());
  return jpeg;
}

TEST(Reduced, PixelsOfTurnedImagesToo) {
  for (const auto& [width, height] : {std::pair{240, 160}, {229, 131}}) {
    for (char orientation = 2; orientation <= 8; ++orientation) {
      const std::vector<std::byte> jpeg = turned(ramps(width, height), orientation);
      const Image whole = decode_image(jpeg);
      for (const int reduction : {2, 8}) {
        const Image small = decode_image(jpeg, reduction);
        ASSERT_EQ(small.width, divided(whole.width, reduction));
        for (int y = 0; y < whole.height / reduction; ++y) {
          for (int x = 0; x < whole.width / reduction; ++x) {
            const int u = reduction * x + reduction / 2, v = reduction * y + reduction / 2;  // half a pixel further
            ASSERT_NEAR(small.row(y)[3 * x], whole.row(v)[3 * u], 4) << int{orientation} << ": " << x << ", " << y;
            ASSERT_NEAR(small.row(y)[3 * x + 1], whole.row(v)[3 * u + 1], 4) << int{orientation};
          }
        }
      }
    }
  }
}

TEST(Reduced, PhotographsAreAboutTheAveragesOfBlocks) {
  FACEREC_NEEDS_TEST_DATA();
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(test::test_data() / "data/photos")) {
    if (entry.path().extension() != ".jpg") continue;
    const std::vector<std::byte> jpeg = read_file(entry.path());
    const std::vector<std::byte> png = encode_png(decode_image(jpeg));
    for (const int reduction : {2, 4, 8}) {
      const Image small = decode_image(jpeg, reduction), averaged = decode_image(png, reduction);
      double sum = 0;
      for (size_t i = 0; i < small.rgb.size(); ++i) sum += std::abs(small.rgb[i] - averaged.rgb[i]);
      EXPECT_LT(sum / static_cast<double>(small.rgb.size()), 1.5) << entry.path() << " at 1/" << reduction;
    }
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

std::vector<std::byte> grey_jpeg(int flags) {
  const std::vector<uint8_t> pixels(16 * 16, 128);
  const std::unique_ptr<void, int (*)(tjhandle)> handle(tjInitCompress(), tjDestroy);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  tjCompress2(handle.get(), pixels.data(), 16, 0, 16, TJPF_GRAY, &buffer, &size, TJSAMP_GRAY, 90, flags);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(buffer, tjFree);
  const auto* begin = reinterpret_cast<const std::byte*>(buffer);
  return {begin, begin + size};
}

// The header of a grey JPEG with another size, and a scan of so many empty blocks: 00 (no change of the mean) and 1010
// (end of block) each, in the usual Huffman tables.
std::vector<std::byte> giant(int width, int height, int flags = 0) {
  std::vector<std::byte> jpeg = grey_jpeg(flags);
  JpegMarkers markers(jpeg);
  size_t scan = 0;
  while (markers.next()) {
    if (markers.is_scan()) scan = markers.position() + 10;
    if (!markers.is_frame()) continue;
    const int sizes[] = {height >> 8, height & 255, width >> 8, width & 255};
    for (size_t i = 0; i < 4; ++i) jpeg[markers.position() + 5 + i] = static_cast<std::byte>(sizes[i]);
  }
  jpeg.resize(scan);
  const int64_t blocks = int64_t{divided(width, 8)} * divided(height, 8);
  for (int64_t i = 0; i < blocks; i += 4) {
    for (const int byte : {0x28, 0xA2, 0x8A}) jpeg.push_back(static_cast<std::byte>(byte));
  }
  jpeg.push_back(std::byte{0xFF});
  jpeg.push_back(std::byte{0xD9});
  return jpeg;
}

std::string error_of(const std::vector<std::byte>& data, int reduction) {
  try {
    decode_image(data, reduction);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Reduced, GiantJpegsAreReadAtAFraction) {
  const std::vector<std::byte> jpeg = giant(20000, 14000);
  EXPECT_THAT(error_of(jpeg, 1), HasSubstr("20000x14000, more than the 268435456 pixels"));
  const Image image = decode_image(jpeg, 8);
  EXPECT_EQ(image.width, 2500);
  EXPECT_EQ(image.height, 1750);
  EXPECT_THAT(std::ranges::minmax(image.rgb).min, 128);
  EXPECT_THAT(std::ranges::minmax(image.rgb).max, 128);
}

// Their coefficients would take memory for the whole image.
TEST(Reduced, GiantsOfSeveralScansAreRefused) {
  EXPECT_TRUE(has_single_scan(grey_jpeg(0)));
  EXPECT_FALSE(has_single_scan(grey_jpeg(TJFLAG_PROGRESSIVE)));
  EXPECT_THAT(error_of(giant(20000, 14000, TJFLAG_PROGRESSIVE), 8), HasSubstr("more than the 268435456 pixels"));
}

TEST(Reduced, GiantsThatTheFileCannotFillAreRefused) {
  std::vector<std::byte> jpeg = giant(65000, 65000);
  EXPECT_THAT(error_of(jpeg, 2), HasSubstr("65000x65000, more than"));
  jpeg.resize(2000);
  EXPECT_THAT(error_of(jpeg, 8), HasSubstr("its header is damaged"));
}

TEST(Reduced, OddFractionsAreRefused) {
  for (const int reduction : {0, -1, 3, 16}) {
    EXPECT_THAT(error_of(encode_png(Image(8, 8)), reduction), HasSubstr("not decoded at 1/"));
  }
}

}  // namespace
}  // namespace facerec
