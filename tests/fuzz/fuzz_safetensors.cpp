#include "facerec/core/error.h"
#include "fuzz/views.h"
#include "io/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  try {
    TensorFile file;
    TensorGroup& group = file.groups.emplace_back();
    for (auto& [name, view] : parse_safetensors(std::as_bytes(std::span(data, size))).tensors) {
      group.tensors.push_back({name, std::move(view)});
    }
    fuzz::use(file);
  } catch (const Error&) {
  }
  return 0;
}
