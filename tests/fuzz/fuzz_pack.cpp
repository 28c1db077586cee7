// A verification pack, and every image of it.
#include "facerec/core/error.h"
#include "fuzz/views.h"
#include "io/verification_pack.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  try {
    const VerificationPack pack = parse_verification_pack(std::as_bytes(std::span(data, size)));
    fuzz::require(!pack.images.empty() && pack.images.size() == 2 * pack.same.size());
    uint64_t budget = 1 << 20;  // bytes read; an input may name one image very often
    for (const PackedImage& image : pack.images) {
      if (image.text.size() > budget) break;
      budget -= image.text.size();
      try {
        fuzz::require(bytes_of(image).size() <= image.text.size());
      } catch (const Error&) {
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
