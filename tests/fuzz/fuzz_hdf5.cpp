// An HDF5 file: all of its groups, lists of names and data.
#include "facerec/core/error.h"
#include "io/hdf5.h"

namespace {

void walk(facerec::Hdf5File& file, facerec::Hdf5File::Object object, int depth) {
  if (depth > 8) return;
  file.texts(object, "layer_names");
  file.texts(object, "weight_names");
  if (!file.is_group(object)) {
    unsigned sum = 0;
    for (std::byte byte : file.data(object).bytes) sum += static_cast<unsigned>(byte);
    [[maybe_unused]] static volatile unsigned kept;
    kept = sum;
    return;
  }
  for (const auto& [name, below] : file.group(object)) walk(file, below, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    facerec::Hdf5File file(std::as_bytes(std::span(data, size)));
    walk(file, file.root(), 0);
  } catch (const facerec::Error&) {
  }
  return 0;
}
