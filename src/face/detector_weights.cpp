#include "face/detector_weights.h"

#include <fmt/format.h>

#include "model/bytes.h"

namespace facerec {

DetectorWeights::DetectorWeights(const fs::path& path) : file_(open_tensor_file(path)) {
  const std::string prefix = "module.";
  for (const TensorGroup& group : file_.groups) {
    for (const auto& [name, view] : group.tensors) {
      tensors_.emplace(name.starts_with(prefix) ? name.substr(prefix.size()) : name, view);
    }
  }
}

Error DetectorWeights::error(const std::string& what) const {
  return Error("are not the weights of this detector: " + what)
      .file(text_of(file_.path))
      .hint("`facerec models list` tells the published ones");
}

torch::Tensor DetectorWeights::take(const std::string& key, const std::vector<int64_t>& shape) {
  const auto found = tensors_.find(key);
  if (found == tensors_.end()) throw error("there is no " + key);
  const TensorView& view = found->second;
  if (view.shape != shape) {
    throw error(fmt::format("{} has the shape {}, not {}", key, shape_text(view.shape), shape_text(shape)));
  }
  if (!is_float(view.dtype)) throw error(key + " has the type " + view.dtype);
  taken_.insert(key);
  return tensor_of(view).to(torch::kFloat32, false, true).contiguous();
}

void DetectorWeights::expect_all_taken() const {
  for (const auto& [key, view] : tensors_) {
    if (!taken_.contains(key) && !key.ends_with(".num_batches_tracked")) throw error("there is also " + key);
  }
}

}  // namespace facerec
