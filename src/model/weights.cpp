#include "facerec/model/weights.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "facerec/core/error.h"
#include "facerec/io/torch_file.h"
#include "model/bytes.h"
#include "model/check_tensors.h"
#include "model/lora.h"
#include "model/metadata.h"
#include "model/registry.h"

namespace facerec {
namespace {

void collect(const torch::nn::Module& module, const std::string& prefix, NamedTensors& tensors) {
  for (const auto& item : module.named_parameters(/*recurse=*/false)) {
    if (!is_lora_factor(item.key())) tensors.emplace_back(prefix + item.key(), item.value());
  }
  for (const auto& item : module.named_buffers(/*recurse=*/false)) {
    tensors.emplace_back(prefix + item.key(), item.value());
  }
  for (const auto& item : module.named_children()) collect(*item.value(), prefix + item.key() + ".", tensors);
}

using TensorMap = std::map<std::string, TensorView>;

Error mismatch(const fs::path& path, const std::string& what) { return Error(what).file(text_of(path)); }

// BatchNorm's, on which nothing that is computed depends; files have it in several forms, or not at all.
bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

// Which names differ: the first of each side, and how many there are.
void check_names(const NamedTensors& targets, const TensorMap& tensors, const fs::path& path) {
  std::set<std::string> unexpected;
  for (const auto& [name, view] : tensors) unexpected.insert(name);
  std::vector<std::string> missing;
  for (const auto& [name, tensor] : targets) {
    if (unexpected.erase(name) == 0 && !is_counter(name)) missing.push_back(name);
  }
  if (missing.empty() && unexpected.empty()) return;
  std::string what = "does not hold the tensors that belong here";
  if (!missing.empty()) what += "; " + std::to_string(missing.size()) + " missing, first '" + missing.front() + "'";
  if (!unexpected.empty()) {
    what += "; " + std::to_string(unexpected.size()) + " unexpected, first '" + *unexpected.begin() + "'";
  }
  throw mismatch(path, what);
}

void check_tensor(const std::string& name, const torch::Tensor& target, const TensorView& view, const fs::path& path) {
  if (target.sizes() != torch::IntArrayRef(view.shape)) {
    throw mismatch(path,
                   "'" + name + "' has shape " + shape_text(view.shape) + ", expected " + shape_text(target.sizes()));
  }
  const std::string expected = dtype_name(target.scalar_type());
  if (view.dtype != expected && !(is_float(view.dtype) && is_float(expected))) {
    throw mismatch(path, "'" + name + "' has type " + view.dtype + ", expected " + expected);
  }
}

}  // namespace

void check_tensors(const NamedTensors& targets, const TensorMap& tensors, const fs::path& path) {
  check_names(targets, tensors, path);
  for (const auto& [name, tensor] : targets) {
    const auto found = tensors.find(name);
    if (found != tensors.end() && !is_counter(name)) {
      check_tensor(name, tensor, found->second, path);
    }
  }
}

NamedTensors state_dict(const torch::nn::Module& module) {
  NamedTensors tensors;
  collect(module, "", tensors);
  return tensors;
}

namespace {

// The tensors as views of memory that `storage` keeps.
std::vector<NamedTensor> views_of(const NamedTensors& tensors, const fs::path& path,
                                  std::vector<torch::Tensor>& storage) {
  std::vector<NamedTensor> views;
  for (const auto& [name, tensor] : tensors) {
    if (dtype_name(tensor.scalar_type()).empty()) {
      throw Error("'" + name + "' has type " + std::string(torch::toString(tensor.scalar_type())) +
                  ", which cannot be written")
          .file(text_of(path));
    }
    storage.push_back(row_major(tensor));
    views.push_back({name, view_of(storage.back())});
  }
  return views;
}

}  // namespace

void save_tensors(const fs::path& path, const NamedTensors& tensors, const Metadata& metadata) {
  std::vector<torch::Tensor> storage;
  write_safetensors(path, views_of(tensors, path, storage), metadata);
}

void save_state_dict(const fs::path& path, const Backbone& backbone) {
  std::vector<torch::Tensor> storage;
  write_torch_file(path, views_of(merged_state_dict(backbone), path, storage), metadata_of(backbone.spec()));
}

void load_into(const NamedTensors& targets, const SafetensorsFile& file) {
  check_tensors(targets, file.tensors(), file.path());
  const torch::NoGradGuard without_gradient;
  for (const auto& [name, tensor] : targets) {
    const auto found = file.tensors().find(name);
    if (found != file.tensors().end()) torch::Tensor(tensor).copy_(tensor_of(found->second));
  }
}

namespace {

// A few rows at a time, whose pages are then given back, so that a large tensor is not in memory twice.
void copy_in_slabs(const TensorFile& file, const TensorView& view, torch::Tensor target) {
  constexpr int64_t slab_bytes = 4 << 20;
  const auto size = static_cast<int64_t>(view.bytes.size());
  if (size <= slab_bytes || !view.strides.empty() || view.shape.empty()) {
    target.copy_(tensor_of(view));
    drop_pages(file, view);
    return;
  }
  const int64_t rows = view.shape[0], row_bytes = size / rows;
  const int64_t step = std::max<int64_t>(1, slab_bytes / row_bytes);
  for (int64_t row = 0; row < rows; row += step) {
    const int64_t count = std::min(step, rows - row);
    TensorView slab = view;
    slab.shape[0] = count;
    slab.bytes = view.bytes.subspan(static_cast<size_t>(row * row_bytes), static_cast<size_t>(count * row_bytes));
    target.narrow(0, row, count).copy_(tensor_of(slab));
    drop_pages(file, slab);
  }
}

// Into a network of that architecture, on whatever device it is.
void load_recognised(const NamedTensors& targets, const Recognition& recognition) {
  check_tensors(targets, recognition.tensors, recognition.file.path);
  const torch::NoGradGuard without_gradient;
  for (const auto& [name, tensor] : targets) {
    const auto found = recognition.tensors.find(name);
    if (found == recognition.tensors.end()) continue;
    if (is_counter(name) && found->second.shape.size() != static_cast<size_t>(tensor.dim())) continue;
    copy_in_slabs(recognition.file, found->second, tensor);
  }
}

}  // namespace

void save_backbone(const fs::path& path, const Backbone& backbone, const Metadata& extra) {
  Metadata metadata = metadata_of(backbone.spec());
  metadata.insert(extra.begin(), extra.end());
  save_tensors(path, merged_state_dict(backbone), metadata);
}

std::shared_ptr<Backbone> load_backbone(const Recognition& recognition) {
  NetworkOptions options{.spec = recognition.spec, .device = torch::kMeta};
  check_tensors(state_dict(*build_backbone(options)), recognition.tensors, recognition.file.path);
  options.device = torch::kCPU;
  std::shared_ptr<Backbone> backbone = build_backbone(options);
  load_recognised(state_dict(*backbone), recognition);
  backbone->eval();
  return backbone;
}

std::shared_ptr<Backbone> load_backbone(const fs::path& path, const ModelOptions& options) {
  const Recognition recognition = recognise(open_tensor_file(path), options);
  for (const std::string& warning : recognition.warnings) spdlog::warn("{}: {}", text_of(path), warning);
  return load_backbone(recognition);
}

}  // namespace facerec
