// InsightFace's .bin files: a Python pickle of (images, flags), 2N encoded images and N booleans. Images 2k and 2k+1
// are pair k, which is of the same person when flag k is true.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"
#include "io/numpy_pickle.h"

namespace facerec {

using PackedImage = pickle::Bytes;  // of an image file

struct VerificationPack {
  pickle::Tree tree;  // keeps texts of protocol 0, to which images may refer; all others refer to the parsed bytes
  std::vector<PackedImage> images;
  std::vector<bool> same;  // one for two images
};

// Images as bytes, bytearray, str of Python 2, or NumPy arrays of uint8 with one extent above 1; flags as booleans, 0
// and 1, NumPy booleans, or a NumPy array of them. What follows the pickle is left alone. Throws Error, with its offset
// where there is one, for anything else. `bytes` must outlive the pack.
VerificationPack parse_verification_pack(std::span<const std::byte> bytes);

// Writes a pack in protocol 4 image by image. It has its name only after finish().
class VerificationPackWriter {
 public:
  explicit VerificationPackWriter(const fs::path& path);
  void add(std::span<const std::byte> image);
  void finish(const std::vector<bool>& same);  // half as many as images

 private:
  AtomicFile file_;
};

}  // namespace facerec
