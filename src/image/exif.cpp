#include "image/exif.h"

#include <cstring>
#include <opencv2/core.hpp>

namespace facerec {
namespace {

using Bytes = std::span<const std::byte>;

// TIFF fields, in the byte order that the header names; 0 outside the block.
struct Tiff {
  Bytes block;
  bool little;

  uint32_t number(size_t at, size_t bytes) const {
    if (at + bytes > block.size()) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const auto byte = std::to_integer<uint32_t>(block[at + i]);
      value |= byte << 8 * (little ? i : bytes - 1 - i);
    }
    return value;
  }
};

int orientation_of(Tiff tiff) {
  const size_t directory = tiff.number(4, 4);
  const uint32_t entries = tiff.number(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (entry + 12 > tiff.block.size()) break;
    if (tiff.number(entry, 2) != 0x0112) continue;
    const uint32_t value = tiff.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(Bytes jpeg) {
  auto byte = [&](size_t i) { return std::to_integer<int>(jpeg[i]); };
  for (size_t i = 2; i + 10 < jpeg.size() && byte(i) == 0xFF;) {
    const int marker = byte(i + 1);
    const auto length = static_cast<size_t>(byte(i + 2) << 8 | byte(i + 3));
    if (marker == 0xDA || length < 2) break;
    if (marker == 0xE1 && length > 16 && i + 2 + length <= jpeg.size() &&
        std::memcmp(&jpeg[i + 4], "Exif\0\0", 6) == 0) {
      const Bytes block = jpeg.subspan(i + 10, length - 8);
      return orientation_of({block, std::to_integer<char>(block[0]) == 'I'});
    }
    i += 2 + length;
  }
  return 1;
}

Image upright(Image image, int orientation) {
  if (orientation <= 1) return image;
  const bool transposed = orientation >= 5;
  cv::Mat source(image.height, image.width, CV_8UC3, image.rgb.data());
  Image result(transposed ? image.height : image.width, transposed ? image.width : image.height);
  cv::Mat target(result.height, result.width, CV_8UC3, result.rgb.data());
  switch (orientation) {
    case 2: cv::flip(source, target, 1); break;
    case 3: cv::flip(source, target, -1); break;
    case 4: cv::flip(source, target, 0); break;
    case 5: cv::transpose(source, target); break;
    case 6: cv::rotate(source, target, cv::ROTATE_90_CLOCKWISE); break;
    case 7: {
      cv::Mat transposed_source;
      cv::transpose(source, transposed_source);
      cv::flip(transposed_source, target, -1);
      break;
    }
    default: cv::rotate(source, target, cv::ROTATE_90_COUNTERCLOCKWISE); break;
  }
  return result;
}

}  // namespace facerec
