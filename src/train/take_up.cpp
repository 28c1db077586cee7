#include "train/take_up.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/tensor_file.h"
#include "model/bytes.h"
#include "train/evolve_order.h"

namespace facerec {
namespace {

// DataParallel puts "module." before the names.
const TensorView* find(const TensorGroup& group, const std::string& name) {
  const auto found = std::find_if(group.tensors.begin(), group.tensors.end(), [&](const NamedTensor& tensor) {
    return tensor.name == name || tensor.name == "module." + name;
  });
  return found == group.tensors.end() ? nullptr : &found->view;
}

// The head's weight as [classes, E], in the file's memory; undefined when there is none.
torch::Tensor head_weight(const TensorFile& file) {
  for (const TensorGroup& group : file.groups) {
    if (const TensorView* weight = find(group, "weight")) return tensor_of(*weight);
    if (const TensorView* kernel = find(group, "kernel")) return tensor_of(*kernel).t();
  }
  return {};
}

// The momenta in the order of the parameters. Keys count these, "state.12"; before PyTorch 1.6 they are addresses, and
// the parameters stand in the order in which they were first stepped.
std::vector<const TensorView*> momenta_of(const TensorFile& file) {
  std::vector<const TensorView*> in_file;
  std::map<std::string, const TensorView*> by_key;
  for (const TensorGroup& group : file.groups) {
    if (!group.path.starts_with("state.")) continue;
    if (const TensorView* momentum = find(group, "momentum_buffer")) {
      in_file.push_back(momentum);
      by_key[group.path.substr(6)] = momentum;
    }
  }
  std::vector<const TensorView*> by_number;
  for (size_t i = 0; by_key.contains(std::to_string(i)); ++i) by_number.push_back(by_key[std::to_string(i)]);
  return by_number.size() == in_file.size() ? by_number : in_file;
}

}  // namespace

void take_up_backbone(const fs::path& path, const Backbone& backbone) {
  const std::string& wanted = backbone.spec().architecture;
  const TensorFile file = open_tensor_file(path);
  std::optional<Recognition> found = examine(file, {.architecture = wanted}).model;
  if (!found) {
    throw Error::usage("holds the architecture '" + recognise(file).spec.architecture +
                       "', the configuration asks for '" + wanted + "'")
        .file(text_of(path))
        .hint("set model.name to that of the file, or leave it out of a configuration for finetune");
  }
  const torch::NoGradGuard without_gradient;
  std::vector<std::string> kept;
  size_t loaded = 0;
  for (const auto& [name, tensor] : state_dict(backbone)) {
    const auto stored = found->tensors.find(name);
    if (stored == found->tensors.end()) continue;  // BatchNorm's counter, in old files
    if (tensor.sizes() != torch::IntArrayRef(stored->second.shape)) {
      kept.push_back(name);
      continue;
    }
    torch::Tensor(tensor).copy_(tensor_of(stored->second));
    ++loaded;
  }
  spdlog::info("{} tensors of the backbone loaded from {}", loaded, text_of(path));
  if (!kept.empty()) spdlog::warn("not loaded, since they have another shape there: {}", join(kept));
  if (!found->left_out.empty())
    spdlog::info("left there, since it is no part of the backbone: {}", join(found->left_out));
}

bool take_up_head(const fs::path& path, const Head& head) {
  const TensorFile file = open_tensor_file(path);
  const torch::Tensor weight = head_weight(file);
  if (!weight.defined() || weight.sizes() != head.weight.sizes() || !weight.is_floating_point()) return false;
  const torch::NoGradGuard without_gradient;
  torch::Tensor(head.weight).copy_(weight);
  const auto own = head.named_parameters(/*recurse=*/false);
  const torch::Tensor* bias = own.find("bias");
  const TensorView* stored = find(file.groups.front(), "bias");
  if (bias != nullptr && stored != nullptr && bias->sizes() == torch::IntArrayRef(stored->shape)) {
    torch::Tensor(*bias).copy_(tensor_of(*stored));
  }
  return true;
}

bool take_up_momentum(const fs::path& path, const Learner& learner) {
  const TensorFile file = open_tensor_file(path);
  const std::vector<const TensorView*> momenta = momenta_of(file);
  std::map<std::string, torch::Tensor> state;
  for (const auto& [name, tensor] : learner.optimizer_state()) state.emplace(name, tensor);
  std::vector<std::string> head_parameters;
  for (const auto& parameter : find_part(learner.objective(), "head")->named_parameters()) {
    head_parameters.push_back(parameter.key());
  }
  const std::vector<std::string> order = evolve_groups(*learner.objective().backbone(), head_parameters).in_order();
  if (momenta.size() != order.size()) return false;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto to = state.find("momentum." + order[i]);
    if (to == state.end()) continue;  // it does not learn here
    const torch::Tensor momentum = tensor_of(*momenta[i]);
    if (momentum.sizes() != to->second.sizes() || !momentum.is_floating_point()) return false;
    copies.emplace_back(to->second, momentum);
  }
  if (copies.size() != state.size()) return false;
  const torch::NoGradGuard without_gradient;
  for (auto& [to, from] : copies) to.copy_(from);
  return true;
}

}  // namespace facerec
