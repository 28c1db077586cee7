#include "image/jpeg_markers.h"

#include "facerec/core/error.h"

namespace facerec {
namespace {

int byte_at(std::span<const std::byte> data, size_t i) {
  if (i >= data.size()) throw Error("the image's header is cut off").offset(data.size());
  return std::to_integer<int>(data[i]);
}

bool has_segment(int marker) { return marker != 0x01 && (marker < 0xD0 || marker > 0xD8); }

}  // namespace

bool JpegMarkers::next() {
  if (is_scan()) return false;
  for (position_ = next_; position_ + 1 < jpeg_.size();) {
    if (byte_at(jpeg_, position_) != 0xFF) throw Error("not a JPEG: a marker is missing").offset(position_);
    marker_ = byte_at(jpeg_, position_ + 1);
    if (marker_ == 0xD9) return false;
    if (marker_ == 0xFF) {
      ++position_;
    } else if (has_segment(marker_)) {
      next_ = position_ + 2 + static_cast<size_t>(byte_at(jpeg_, position_ + 2) << 8 | byte_at(jpeg_, position_ + 3));
      return true;
    } else {
      position_ += 2;
    }
  }
  return false;
}

// C4, C8 and CC are tables and reserved.
bool JpegMarkers::is_frame() const {
  return marker_ >= 0xC0 && marker_ <= 0xCF && marker_ != 0xC4 && marker_ != 0xC8 && marker_ != 0xCC;
}

bool has_single_scan(std::span<const std::byte> jpeg) {
  int components = 0;
  for (JpegMarkers markers(jpeg); markers.next();) {
    if (markers.is_scan()) return byte_at(jpeg, markers.position() + 4) == components;
    if (!markers.is_frame()) continue;
    if (markers.marker() != 0xC0 && markers.marker() != 0xC1) return false;  // baseline and extended sequential
    components = byte_at(jpeg, markers.position() + 9);
  }
  return false;
}

}  // namespace facerec
