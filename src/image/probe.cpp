#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/image/image.h"
#include "image/jpeg_markers.h"

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

// The frame header (SOF) of ITU-T T.81, B.2.2.
ImageHeader jpeg_header(Bytes data) {
  for (JpegMarkers markers(data); markers.next();) {
    if (!markers.is_frame()) continue;
    const size_t i = markers.position();
    return {ImageFormat::jpeg, big16(data, i + 7), big16(data, i + 5), at(data, i + 9)};
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
  if (starts_with(data, "VP8X", 12)) {
    if ((at(data, 20) & 2) != 0) throw Error("an animated WebP").hint("only still images are read");
    return {ImageFormat::webp, little24(data, 24) + 1, little24(data, 27) + 1};
  }
  throw Error("an unknown kind of WebP");
}

// Formats that people take for images that are read, by what they begin with; "" for others.
std::string name_of_other(Bytes data) {
  struct Other {
    size_t at;
    std::string_view magic, name;
  };
  using namespace std::string_view_literals;
  constexpr std::array others{
      Other{0, "GIF8", "GIF"},           Other{0, "II*\0"sv, "TIFF"},     Other{0, "MM\0*"sv, "TIFF"},
      Other{4, "ftypavi", "AVIF"},       Other{4, "ftyphei", "HEIC"},     Other{4, "ftyphev", "HEIC"},
      Other{4, "ftypmif1", "HEIF"},      Other{0, "\xFF\x0A", "JPEG XL"}, Other{4, "JXL \r\n", "JPEG XL"},
      Other{4, "jP  \r\n", "JPEG 2000"}, Other{0, "%PDF-", "PDF"}};
  const auto found = std::ranges::find_if(others, [&](const Other& o) { return starts_with(data, o.magic, o.at); });
  return found == others.end() ? "" : std::string(found->name);
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
  const std::string other = name_of_other(data);
  if (other.empty()) throw Error("not a JPEG, PNG, BMP or WebP image");
  throw Error("a " + other + " file, not a JPEG, PNG, BMP or WebP image").hint("convert it to one of these");
}

bool has_image_extension(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  const std::string extension = lower(std::string_view(name).substr(dot + 1));
  constexpr std::array<std::string_view, 5> known{"jpg", "jpeg", "png", "bmp", "webp"};
  return std::find(known.begin(), known.end(), extension) != known.end();
}

}  // namespace facerec
