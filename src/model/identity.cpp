#include <algorithm>

#include "facerec/io/sha256.h"
#include "facerec/model/onnx.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "model/lora.h"
#include "model/metadata.h"

namespace facerec {

// One line of text before the bytes of each tensor: the shape says how many follow, so no two models share a stream.
std::string model_identity(const Backbone& backbone) {
  NamedTensors tensors = merged_state_dict(backbone);
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Sha256 hash;
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor bytes = row_major(tensor);
    const TensorView view = view_of(bytes);
    hash.add(name + " " + view.dtype + " " + shape_text(view.shape) + "\n");
    hash.add(view.bytes);
  }
  hash.add(preprocess_text(backbone.spec().preprocess) + (backbone.spec().unit_length ? " unit\n" : "\n"));
  return hash.hex();
}

std::string onnx_identity(const fs::path& path) { return sha256_of(path); }

}  // namespace facerec
