// The marker segments of a JPEG up to its first scan (ITU-T T.81, B.1).
#pragma once

#include <cstddef>
#include <span>

namespace facerec {

class JpegMarkers {
 public:
  explicit JpegMarkers(std::span<const std::byte> jpeg) : jpeg_(jpeg) {}

  // False after the first start of scan and at the end of the image or of the data. Throws Error where a marker is
  // missing.
  bool next();

  int marker() const { return marker_; }            // the second byte
  size_t position() const { return position_; }     // of the marker; its length and content follow
  bool is_frame() const;                            // SOF0 … SOF15
  bool is_scan() const { return marker_ == 0xDA; }  // SOS

 private:
  std::span<const std::byte> jpeg_;
  size_t position_ = 0, next_ = 2;
  int marker_ = 0;
};

// Whether a decoder can put out rows as it reads them: a sequential JPEG whose first scan holds all components. Others
// take memory for the whole image, however much it is reduced.
bool has_single_scan(std::span<const std::byte> jpeg);

}  // namespace facerec
