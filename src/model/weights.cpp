#include "facerec/model/weights.h"

#include <set>

#include "facerec/core/error.h"
#include "model/bytes.h"
#include "model/metadata.h"
#include "model/registry.h"

namespace facerec {
namespace {

void collect(const torch::nn::Module& module, const std::string& prefix, NamedTensors& tensors) {
  for (const auto& item : module.named_parameters(/*recurse=*/false)) {
    tensors.emplace_back(prefix + item.key(), item.value());
  }
  for (const auto& item : module.named_buffers(/*recurse=*/false)) {
    tensors.emplace_back(prefix + item.key(), item.value());
  }
  for (const auto& item : module.named_children()) collect(*item.value(), prefix + item.key() + ".", tensors);
}

Error mismatch(const SafetensorsFile& file, const std::string& what) {
  Error error = Error(what).file(text_of(file.path()));
  const auto architecture = file.metadata().find("architecture");
  if (architecture == file.metadata().end()) return error;
  return std::move(error).hint("the file says that it holds " + architecture->second);
}

// Which names differ: the first of each side, and how many there are.
void check_names(const NamedTensors& targets, const SafetensorsFile& file) {
  std::set<std::string> unexpected;
  for (const auto& [name, view] : file.tensors()) unexpected.insert(name);
  std::vector<std::string> missing;
  for (const auto& [name, tensor] : targets) {
    if (unexpected.erase(name) == 0) missing.push_back(name);
  }
  if (missing.empty() && unexpected.empty()) return;
  std::string what = "does not hold the tensors that belong here";
  if (!missing.empty()) what += "; " + std::to_string(missing.size()) + " missing, first '" + missing.front() + "'";
  if (!unexpected.empty()) {
    what += "; " + std::to_string(unexpected.size()) + " unexpected, first '" + *unexpected.begin() + "'";
  }
  throw mismatch(file, what);
}

bool is_float(const std::string& dtype) {
  return dtype == "F64" || dtype == "F32" || dtype == "F16" || dtype == "BF16";
}

void check_tensor(const std::string& name, const torch::Tensor& target, const SafetensorsFile& file) {
  const TensorView& view = file.at(name);
  if (target.sizes() != torch::IntArrayRef(view.shape)) {
    throw mismatch(file,
                   "'" + name + "' has shape " + shape_text(view.shape) + ", expected " + shape_text(target.sizes()));
  }
  const std::string expected = dtype_name(target.scalar_type());
  if (view.dtype != expected && !(is_float(view.dtype) && is_float(expected))) {
    throw mismatch(file, "'" + name + "' has type " + view.dtype + ", expected " + expected);
  }
}

}  // namespace

NamedTensors state_dict(const torch::nn::Module& module) {
  NamedTensors tensors;
  collect(module, "", tensors);
  return tensors;
}

void save_tensors(const fs::path& path, const NamedTensors& tensors, const Metadata& metadata) {
  std::vector<torch::Tensor> storage;  // keeps what the views show
  std::vector<NamedTensor> views;
  for (const auto& [name, tensor] : tensors) {
    if (dtype_name(tensor.scalar_type()).empty()) {
      throw Error("'" + name + "' has type " + std::string(torch::toString(tensor.scalar_type())) +
                  ", which .safetensors lacks")
          .file(text_of(path));
    }
    storage.push_back(row_major(tensor));
    views.push_back({name, view_of(storage.back())});
  }
  write_safetensors(path, views, metadata);
}

void check_tensors(const NamedTensors& targets, const SafetensorsFile& file) {
  check_names(targets, file);
  for (const auto& [name, tensor] : targets) check_tensor(name, tensor, file);
}

void load_into(const NamedTensors& targets, const SafetensorsFile& file) {
  check_tensors(targets, file);
  const torch::NoGradGuard without_gradient;
  for (const auto& [name, tensor] : targets) torch::Tensor(tensor).copy_(tensor_of(file.at(name)));
}

void save_backbone(const fs::path& path, const Backbone& backbone, const Metadata& extra) {
  Metadata metadata = metadata_of(backbone.spec());
  metadata.insert(extra.begin(), extra.end());
  save_tensors(path, state_dict(backbone), metadata);
}

std::shared_ptr<Backbone> load_backbone(const fs::path& path) {
  const SafetensorsFile file(path);
  NetworkOptions options{.spec = read_spec(file), .device = torch::kMeta};
  check_tensors(state_dict(*build_backbone(options)), file);
  options.device = torch::kCPU;
  std::shared_ptr<Backbone> backbone = build_backbone(options);
  load_into(state_dict(*backbone), file);
  backbone->eval();
  return backbone;
}

}  // namespace facerec
