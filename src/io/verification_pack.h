// InsightFace's .bin files: a Python pickle of (images, flags), 2N encoded images and N booleans. Images 2k and 2k+1
// are pair k, which is of the same person when flag k is true.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"
#include "io/pickle.h"

namespace facerec {

// The bytes of an image file, where the pickle has them.
struct PackedImage {
  std::string_view text;
  bool latin1 = false;  // bytes 0 … 255 as the characters of a UTF-8 text: how Python 3 writes bytes in protocol 2
};

struct VerificationPack {
  pickle::Tree tree;  // keeps texts of protocol 0, to which images may refer; all others refer to the parsed bytes
  std::vector<PackedImage> images;
  std::vector<bool> same;  // one for two images
};

// Images as bytes, bytearray, str of Python 2, or NumPy arrays of uint8 with one extent above 1; flags as booleans, 0
// and 1, NumPy booleans, or a NumPy array of them. What follows the pickle is left alone. Throws Error, with its offset
// where there is one, for anything else. `bytes` must outlive the pack.
VerificationPack parse_verification_pack(std::span<const std::byte> bytes);

// Throws Error when a text has a character beyond Latin-1.
std::vector<std::byte> bytes_of(const PackedImage& image);

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
