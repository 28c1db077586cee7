#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/image/image.h"

namespace facerec {
namespace {

using Bytes = std::span<const std::byte>;

uint8_t at(Bytes data, size_t i) {
  if (i >= data.size()) throw Error("the image's header is cut off").offset(data.size());
  return std::to_integer<uint8_t>(data[i]);
}

int big16(Bytes data, size_t i) { return at(data, i) << 8 | at(data, i + 1); }
int little16(Bytes data, size_t i) { return at(data, i) | at(data, i + 1) << 8; }
int little24(Bytes data, size_t i) { return little16(data, i) | at(data, i + 2) << 16; }
int64_t big32(Bytes data, size_t i) { return int64_t{big16(data, i)} << 16 | big16(data, i + 2); }
int32_t little32(Bytes data, size_t i) {
  return static_cast<int32_t>(static_cast<uint32_t>(little16(data, i)) | static_cast<uint32_t>(little16(data, i + 2))
                                                                             << 16);
}

bool starts_with(Bytes data, std::string_view magic, size_t at = 0) {
  return data.size() >= at + magic.size() && std::memcmp(data.data() + at, magic.data(), magic.size()) == 0;
}

// The frame header (SOF) of ITU-T T.81, B.2.2; markers C4, C8 and CC are not frames.
ImageHeader jpeg_header(Bytes data) {
  for (size_t i = 2; i + 1 < data.size();) {
    if (at(data, i) != 0xFF) throw Error("not a JPEG: a marker is missing").offset(i);
    const int marker = at(data, i + 1);
    if (marker == 0xFF) {
      ++i;
      continue;
    }
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      i += 2;
      continue;
    }
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
      return {ImageFormat::jpeg, big16(data, i + 7), big16(data, i + 5), at(data, i + 9)};
    }
    if (marker == 0xD9 || marker == 0xDA) break;
    i += 2 + static_cast<size_t>(big16(data, i + 2));
  }
  throw Error("a JPEG without a frame header");
}

int clamp_size(int64_t size) { return static_cast<int>(std::min<int64_t>(size, INT32_MAX)); }

ImageHeader webp_header(Bytes data) {
  if (starts_with(data, "VP8 ", 12))
    return {ImageFormat::webp, little16(data, 26) & 0x3FFF, little16(data, 28) & 0x3FFF};
  if (starts_with(data, "VP8L", 12)) {
    const auto bits = static_cast<uint32_t>(little32(data, 21));
    return {ImageFormat::webp, static_cast<int>(bits & 0x3FFF) + 1, static_cast<int>(bits >> 14 & 0x3FFF) + 1};
  }
  if (starts_with(data, "VP8X", 12)) return {ImageFormat::webp, little24(data, 24) + 1, little24(data, 27) + 1};
  throw Error("an unknown kind of WebP");
}

}  // namespace

ImageHeader probe_image(Bytes data) {
  if (data.empty()) throw Error("the file is empty");
  if (starts_with(data, "\xFF\xD8\xFF")) return jpeg_header(data);
  if (starts_with(data, "\x89PNG\r\n\x1A\n")) {
    return {ImageFormat::png, clamp_size(big32(data, 16)), clamp_size(big32(data, 20))};
  }
  if (starts_with(data, "RIFF") && starts_with(data, "WEBP", 8)) return webp_header(data);
  if (starts_with(data, "BM") && data.size() >= 26) {
    return {ImageFormat::bmp, little32(data, 18), clamp_size(std::abs(int64_t{little32(data, 22)}))};
  }
  throw Error("not a JPEG, PNG, BMP or WebP image");
}

bool has_image_extension(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  const std::string extension = lower(std::string_view(name).substr(dot + 1));
  constexpr std::array<std::string_view, 5> known{"jpg", "jpeg", "png", "bmp", "webp"};
  return std::find(known.begin(), known.end(), extension) != known.end();
}

}  // namespace facerec
