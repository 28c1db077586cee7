// A pickle, and the tensors that it describes over storages of zeros.
#include <map>

#include "facerec/core/error.h"
#include "fuzz/views.h"
#include "io/torch_groups.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  try {
    const pickle::Tree tree = pickle::read(std::as_bytes(std::span(data, size)), torch_callables());
    std::map<uint64_t, std::vector<std::byte>> zeros;
    const TorchStorageReader read = [&](const TorchStorage& storage) -> std::span<const std::byte> {
      const uint64_t bytes = storage.count * storage.element_size;
      if (bytes > 65536) throw Error("too large");
      return zeros.try_emplace(bytes, bytes).first->second;
    };
    for (const char* format : {"pytorch", "torchscript"}) {
      TensorFile file;
      file.format = format;
      try {
        collect_torch_tensors(tree, read, size, file);
        fuzz::use(file);
      } catch (const Error&) {
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
