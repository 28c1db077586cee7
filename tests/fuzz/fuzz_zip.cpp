// A whole file as open_tensor_file sees it: archives, legacy streams and everything that is neither.
#include "facerec/core/error.h"
#include "fuzz/views.h"
#include "io/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  try {
    fuzz::use(parse_tensor_file(std::make_shared<TensorMemory>(std::as_bytes(std::span(data, size)))));
  } catch (const Error& error) {
    fuzz::require(!error.message().empty());
  }
  return 0;
}
