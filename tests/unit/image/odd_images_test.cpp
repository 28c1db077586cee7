// Images that are valid, and not what a loader expects.
#include <gmock/gmock.h>
#include <turbojpeg.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "facerec/core/error.h"
#include "facerec/image/image.h"

namespace facerec {
namespace {

using testing::Each;
using testing::HasSubstr;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> encoded(const cv::Mat& pixels, const std::string& extension) {
  std::vector<uint8_t> buffer;
  cv::imencode(extension, pixels, buffer);
  const auto bytes = std::as_bytes(std::span(buffer));
  return {bytes.begin(), bytes.end()};
}

std::string refusal_of(const std::vector<std::byte>& data) {
  try {
    decode_image(data);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

// Every 16-bit value once.
cv::Mat all_values(int type) {
  cv::Mat pixels(256, 256, type);
  for (int i = 0; i < 65536; ++i) {
    auto* pixel = pixels.ptr<uint16_t>(i / 256) + i % 256 * pixels.channels();
    std::fill_n(pixel, pixels.channels(), static_cast<uint16_t>(i));
  }
  return pixels;
}

TEST(OddImages, GreyBecomesThreeEqualChannels) {
  cv::Mat grey(20, 30, CV_8UC1);
  for (int i = 0; i < 600; ++i) grey.data[i] = static_cast<uint8_t>(i / 3);
  for (const char* extension : {".png", ".bmp", ".jpg"}) {
    const Image image = decode_image(encoded(grey, extension));
    ASSERT_EQ(image.rgb.size(), 1800U) << extension;
    for (size_t i = 0; i < 1800; i += 3) {
      ASSERT_NEAR(image.rgb[i], grey.data[i / 3], extension == std::string(".jpg") ? 6 : 0);
      ASSERT_EQ(image.rgb[i], image.rgb[i + 1]);
      ASSERT_EQ(image.rgb[i], image.rgb[i + 2]);
    }
  }
}

TEST(OddImages, AlphaIsDroppedAndColourKept) {
  const Image image = decode_image(encoded(cv::Mat(4, 4, CV_8UC4, cv::Scalar(30, 20, 10, 0)), ".png"));
  for (size_t i = 0; i < image.rgb.size(); ++i) EXPECT_EQ(image.rgb[i], 10 * (i % 3 + 1));
}

TEST(OddImages, SixteenBitsAreScaledToEight) {
  for (const int type : {CV_16UC1, CV_16UC3, CV_16UC4}) {
    const Image image = decode_image(encoded(all_values(type), ".png"));
    ASSERT_EQ(image.rgb.size(), size_t{3} * 65536);
    for (size_t i = 0; i < 65536; ++i) ASSERT_EQ(image.rgb[3 * i + 1], (i + 128) / 257) << i;
  }
}

// Adobe's four inks are stored inverted: what is left of each light, times what black leaves.
TEST(OddImages, CmykIsTurnedIntoRgb) {
  std::vector<uint8_t> inks(64 * 64 * 4);
  for (size_t i = 0; i < inks.size(); i += 4) {
    inks[i] = 200, inks[i + 1] = 100, inks[i + 2] = 50, inks[i + 3] = 204;
  }
  const std::unique_ptr<void, int (*)(tjhandle)> handle(tjInitCompress(), tjDestroy);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  ASSERT_EQ(tjCompress2(handle.get(), inks.data(), 64, 0, 64, TJPF_CMYK, &buffer, &size, TJSAMP_444, 98, 0), 0);
  const auto* begin = reinterpret_cast<const std::byte*>(buffer);
  const std::vector<std::byte> jpeg(begin, begin + size);
  tjFree(buffer);
  for (const int reduction : {1, 4}) {
    const Image image = decode_image(jpeg, reduction);
    ASSERT_EQ(image.width, 64 / reduction);
    EXPECT_NEAR(image.rgb[0], 160, 3);
    EXPECT_NEAR(image.rgb[1], 80, 3);
    EXPECT_NEAR(image.rgb[2], 40, 3);
  }
  EXPECT_THROW(decode_image(std::span(jpeg).first(jpeg.size() - 40)), Error) << "cut off";
}

TEST(OddImages, OfOnePixelAreRead) {
  for (const char* extension : {".png", ".bmp", ".jpg", ".webp"}) {
    const std::vector<std::byte> data = encoded(cv::Mat(1, 1, CV_8UC3, cv::Scalar::all(77)), extension);
    for (const int reduction : {1, 2, 8}) {
      const Image image = decode_image(data, reduction);
      EXPECT_EQ(image.width * image.height, 1) << extension;
      EXPECT_THAT(image.rgb, Each(testing::AllOf(testing::Ge(75), testing::Le(79)))) << extension;
    }
  }
}

TEST(OddImages, CutOffAreRefusedInEveryFormat) {
  cv::Mat noise(40, 40, CV_8UC3);
  cv::randu(noise, 0, 255);
  for (const char* extension : {".png", ".bmp", ".jpg", ".webp"}) {
    std::vector<std::byte> data = encoded(noise, extension);
    for (const size_t part : {90, 50, 10, 1}) {
      std::vector<std::byte> cut(data.begin(), data.begin() + static_cast<int64_t>(data.size() * part / 100));
      EXPECT_NE(refusal_of(cut), "no error") << extension << ", " << part << " %";
      EXPECT_THROW(decode_image(cut, 2), Error) << extension << ", " << part << " %";
    }
  }
}

TEST(OddImages, AnimatedWebPIsRefused) {
  const std::string header = std::string("RIFF\x40\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0\x0F\0\0\x0F\0\0", 30);
  EXPECT_EQ(refusal_of(bytes_of(header + std::string(40, '\0'))), "an animated WebP");
}

TEST(OddImages, OfOtherFormatsAreNamed) {
  const std::string zeros(24, '\0');
  const std::pair<std::string, std::string> others[] = {{"GIF89a", "GIF"},
                                                        {std::string("II*\0", 4), "TIFF"},
                                                        {std::string("MM\0*", 4), "TIFF"},
                                                        {std::string("\0\0\0\x20", 4) + "ftypheic", "HEIC"},
                                                        {std::string("\0\0\0\x20", 4) + "ftypavif", "AVIF"},
                                                        {"\xFF\x0A", "JPEG XL"},
                                                        {std::string("\0\0\0\x0C", 4) + "JXL \r\n\x87\n", "JPEG XL"}};
  for (const auto& [magic, name] : others) {
    EXPECT_EQ(refusal_of(bytes_of(magic + zeros)), "a " + name + " file, not a JPEG, PNG, BMP or WebP image");
  }
  EXPECT_EQ(refusal_of(bytes_of("GIF")), "not a JPEG, PNG, BMP or WebP image");
}

}  // namespace
}  // namespace facerec
