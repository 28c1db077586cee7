// An ONNX file: what it says of itself, and its weights.
#include "facerec/core/error.h"
#include "facerec/io/onnx.h"
#include "fuzz/scratch.h"
#include "fuzz/views.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace facerec;
  static const fuzz::Scratch folder;
  try {
    const OnnxFile file = open_onnx(folder.write("network.onnx", {reinterpret_cast<const char*>(data), size}));
    normalises_inside(file);
    for (const OnnxValue& output : file.outputs) embedding_length(output.shape);
    fuzz::use({.groups = {{"", file.initializers}}});
  } catch (const Error& error) {
    fuzz::require(!error.file().empty());
  }
  return 0;
}
