// An image: its header, its orientation, and, where it says that it is small, its pixels.
#include "facerec/core/error.h"
#include "facerec/image/exif.h"
#include "facerec/image/image.h"
#include "fuzz/views.h"
#include "image/jpeg_markers.h"

namespace {

using namespace facerec;

constexpr int64_t few_pixels = 1 << 16;

void decode(std::span<const std::byte> image, int64_t pixels) {
  for (const int reduction : {1, 4}) {
    try {
      const Image decoded = decode_image(image, reduction);
      fuzz::require(decoded.rgb.size() == 3 * static_cast<size_t>(decoded.width) * static_cast<size_t>(decoded.height));
      fuzz::require(static_cast<int64_t>(decoded.width) * decoded.height <= pixels);
    } catch (const Error&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto image = std::as_bytes(std::span(data, size));
  const int orientation = exif_orientation(image);
  fuzz::require(orientation >= 1 && orientation <= 8);
  try {
    has_single_scan(image);
  } catch (const Error&) {
  }
  try {
    const ImageHeader header = probe_image(image);
    const int64_t pixels = static_cast<int64_t>(header.width) * header.height;
    if (pixels <= few_pixels) decode(image, pixels);
  } catch (const Error&) {
  }
  return 0;
}
