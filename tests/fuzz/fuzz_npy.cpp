// A .npy file; what it says must be what it has. Those of weights too.
#include "facerec/core/error.h"
#include "fuzz/views.h"
#include "io/npy.h"
#include "io/numpy_weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  try {
    const NpyArray array = parse_npy(std::as_bytes(std::span(data, size)));
    uint64_t count = 1;
    for (const int64_t extent : array.shape) count *= static_cast<uint64_t>(extent);
    fuzz::require(count == 0 ? array.data.empty() : array.data.size() % count == 0);
    unsigned sum = 0;
    for (const std::byte byte : array.data) sum += static_cast<unsigned>(byte);
    [[maybe_unused]] volatile unsigned sink = sum;
  } catch (const Error&) {
  }
  try {
    TensorMemory memory(std::as_bytes(std::span(data, size)));
    TensorFile file;
    read_numpy_weights(memory, file);
    fuzz::use(file);
  } catch (const Error&) {
  }
  return 0;
}
