#include <gmock/gmock.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::HasSubstr;

Image gradient(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = image.row(y) + x * 3;
      pixel[0] = static_cast<uint8_t>(x * 255 / width);
      pixel[1] = static_cast<uint8_t>(y * 255 / height);
      pixel[2] = 128;
    }
  }
  return image;
}

std::string error_of(const std::vector<std::byte>& encoded) {
  try {
    decode_image(encoded);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Codec, PngIsLossless) {
  const Image image = gradient(31, 17);
  const Image again = decode_image(encode_png(image));
  EXPECT_EQ(again.width, 31);
  EXPECT_EQ(again.height, 17);
  EXPECT_EQ(again.rgb, image.rgb);
}

TEST(Codec, JpegIsClose) {
  const Image image = gradient(64, 48);
  const Image again = decode_image(encode_jpeg(image, 95));
  ASSERT_EQ(again.rgb.size(), image.rgb.size());
  for (size_t i = 0; i < image.rgb.size(); ++i) ASSERT_NEAR(again.rgb[i], image.rgb[i], 12);
}

// The pixels that every peer sees: OpenCV's decoder, on real photographs.
TEST(Codec, RealJpegsEqualOpenCv) {
  FACEREC_NEEDS_TEST_DATA();
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(test::test_data() / "data")) {
    if (entry.path().extension() != ".jpg" || ++compared % 20 != 0) continue;
    const Image image = decode_image(read_file(entry.path()));
    cv::Mat rgb;
    cv::cvtColor(cv::imread(entry.path().string()), rgb, cv::COLOR_BGR2RGB);
    ASSERT_EQ(rgb.cols, image.width);
    ASSERT_EQ(rgb.rows, image.height);
    ASSERT_EQ(std::memcmp(rgb.data, image.rgb.data(), image.rgb.size()), 0) << entry.path();
  }
  EXPECT_GT(compared, 500);
}

TEST(Codec, RefusesWhatIsNoImage) {
  EXPECT_THAT(error_of({}), HasSubstr("empty"));
  const std::string text = "this is text, not an image, whatever its name says";
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  EXPECT_THAT(error_of({begin, begin + text.size()}), HasSubstr("not a JPEG"));
}

TEST(Codec, RefusesTruncatedImages) {
  const Image image = gradient(100, 100);
  for (auto encoded : {encode_jpeg(image, 90), encode_png(image)}) {
    for (const size_t length : {encoded.size() / 2, size_t{30}, size_t{12}, size_t{4}}) {
      encoded.resize(length);
      EXPECT_NE(error_of(encoded), "no error") << length;
    }
  }
}

TEST(Codec, RefusesGiantsBeforeTakingMemory) {
  std::vector<std::byte> jpeg = encode_jpeg(gradient(16, 16), 90);
  const std::vector<std::byte> frame{std::byte{0xFF}, std::byte{0xC0}};
  auto at = std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end());
  ASSERT_NE(at, jpeg.end());
  for (int i = 5; i < 9; ++i) at[i] = std::byte{0xEA};  // 60,138 × 60,138
  EXPECT_THAT(error_of(jpeg), HasSubstr("60138x60138"));

  std::vector<std::byte> png = encode_png(gradient(16, 16));
  for (int i = 16; i < 24; ++i) png[static_cast<size_t>(i)] = std::byte{0x7F};
  EXPECT_THAT(error_of(png), HasSubstr("2139062143x2139062143"));
}

TEST(Codec, AHeaderThatTheFileCannotFillIsRefused) {
  std::vector<std::byte> bmp(64);
  for (const auto& [at, value] : {std::pair(0, 'B'), std::pair(1, 'M'), std::pair(19, '\x20'), std::pair(23, '\x20')}) {
    bmp[static_cast<size_t>(at)] = static_cast<std::byte>(value);  // 8,192 × 8,192
  }
  EXPECT_THAT(error_of(bmp), HasSubstr("its header is damaged"));
}

TEST(Codec, StrayBytesBeforeTheEndAreHarmless) {
  std::vector<std::byte> jpeg = encode_jpeg(gradient(32, 32), 90);
  const Image before = decode_image(jpeg);
  jpeg.insert(jpeg.end() - 2, {std::byte{0x12}, std::byte{0x34}});
  EXPECT_EQ(decode_image(jpeg).rgb, before.rgb);
}

TEST(Resize, KeepsAverages) {
  const Image small = resize(gradient(112, 112), 56, 56);
  EXPECT_EQ(small.width, 56);
  EXPECT_NEAR(small.row(0)[2], 128, 1);
  EXPECT_EQ(resize(small, 56, 56).rgb, small.rgb);
}

TEST(Extensions, AreFoundInAnyCase) {
  EXPECT_TRUE(has_image_extension("a.JPG"));
  EXPECT_TRUE(has_image_extension("b.c.WebP"));
  EXPECT_FALSE(has_image_extension("jpg"));
  EXPECT_FALSE(has_image_extension("a.txt"));
}

TEST(Mirror, TurnsRowsAroundAtEveryWidth) {
  for (int width = 1; width < 40; ++width) {
    Image image(width, 3);
    for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(7 * i);
    Image turned = image;
    mirror(turned.rgb.data(), width, 3);
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < 3; ++c) {
          ASSERT_EQ(turned.row(y)[3 * x + c], image.row(y)[3 * (width - 1 - x) + c]) << width;
        }
      }
    }
  }
}

TEST(Decode, IntoMemoryGivesTheSamePixels) {
  const Image image = gradient(31, 20);
  for (const auto& encoded : {encode_jpeg(image, 90), encode_png(image)}) {
    for (const auto& [width, height] : {std::pair{31, 20}, {16, 10}, {40, 50}}) {
      std::vector<uint8_t> rgb(static_cast<size_t>(width * height * 3) + 1, 99);
      decode_image(encoded, width, height, rgb.data());
      EXPECT_EQ(rgb.back(), 99);
      rgb.pop_back();
      EXPECT_EQ(rgb, resize(decode_image(encoded), width, height).rgb);
    }
  }
  std::vector<uint8_t> rgb(31 * 20 * 3);
  std::vector<std::byte> cut = encode_jpeg(image, 90);
  cut.resize(cut.size() / 2);
  EXPECT_THROW(decode_image(cut, 31, 20, rgb.data()), Error);
}

TEST(Decode, ADamagedImageDoesNotSpoilTheNext) {
  const std::vector<std::byte> whole = encode_jpeg(gradient(31, 20), 90);
  const std::vector<uint8_t> pixels = decode_image(whole).rgb;
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_THROW(decode_image(std::span(whole).first(size)), Error) << size;
    ASSERT_EQ(decode_image(whole).rgb, pixels) << size;
  }
}

}  // namespace
}  // namespace facerec
