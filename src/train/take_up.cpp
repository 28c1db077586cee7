#include "train/take_up.h"

#include <algorithm>
#include <map>

#include "facerec/io/tensor_file.h"
#include "model/bytes.h"

namespace facerec {
namespace {

const TensorView* find(const TensorGroup& group, const std::string& name) {
  const auto found = std::find_if(group.tensors.begin(), group.tensors.end(),
                                  [&](const NamedTensor& tensor) { return tensor.name == name; });
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

// Names as the optimizer's state has them, in the order in which face.evoLVe hands the parameters to torch.optim.SGD.
std::vector<std::string> evolve_order(const Learner& learner) {
  std::vector<std::string> names, norms;
  const NamedTensors tensors = state_dict(*learner.backbone());
  std::map<std::string, bool> has_statistics;
  for (const auto& [name, tensor] : tensors) {
    if (name.ends_with("running_mean")) has_statistics[name.substr(0, name.rfind('.'))] = true;
  }
  for (const auto& parameter : learner.backbone()->named_parameters()) {
    const std::string& name = parameter.key();
    const bool is_norm = has_statistics.contains(name.substr(0, name.rfind('.')));
    (is_norm ? norms : names).push_back("momentum.backbone." + name);
  }
  for (const auto& parameter : learner.head()->named_parameters()) {
    names.push_back("momentum.head." + parameter.key());
  }
  names.insert(names.end(), norms.begin(), norms.end());
  return names;
}

// "state.12" → the momentum of parameter 12.
std::map<std::string, const TensorView*> momenta_of(const TensorFile& file) {
  std::map<std::string, const TensorView*> momenta;
  for (const TensorGroup& group : file.groups) {
    if (!group.path.starts_with("state.")) continue;
    if (const TensorView* momentum = find(group, "momentum_buffer")) momenta[group.path.substr(6)] = momentum;
  }
  return momenta;
}

}  // namespace

bool take_up_head(const fs::path& path, const Head& head) {
  const TensorFile file = open_tensor_file(path);
  const torch::Tensor weight = head_weight(file);
  if (!weight.defined() || weight.sizes() != head.weight.sizes() || !weight.is_floating_point()) return false;
  const torch::NoGradGuard without_gradient;
  torch::Tensor(head.weight).copy_(weight);
  return true;
}

bool take_up_momentum(const fs::path& path, const Learner& learner) {
  const TensorFile file = open_tensor_file(path);
  const std::map<std::string, const TensorView*> momenta = momenta_of(file);
  std::map<std::string, torch::Tensor> state;
  for (const auto& [name, tensor] : learner.optimizer_state()) state.emplace(name, tensor);
  const std::vector<std::string> order = evolve_order(learner);
  if (momenta.size() != order.size() || state.size() != order.size()) return false;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto from = momenta.find(std::to_string(i));
    const auto to = state.find(order[i]);
    if (from == momenta.end() || to == state.end()) return false;
    const torch::Tensor momentum = tensor_of(*from->second);
    if (momentum.sizes() != to->second.sizes() || !momentum.is_floating_point()) return false;
    copies.emplace_back(to->second, momentum);
  }
  const torch::NoGradGuard without_gradient;
  for (auto& [to, from] : copies) to.copy_(from);
  return true;
}

}  // namespace facerec
