#include "train/take_up.h"

#include <algorithm>
#include <map>
#include <set>

#include "facerec/io/tensor_file.h"
#include "model/bytes.h"

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

// Whether face.evoLVe counts a parameter among BatchNorm's (util/utils.py): for IR networks by the kind of its layer,
// for others by "bn" in its name, which leaves out that of a shortcut ("downsample.1").
bool is_norm(const std::string& name, const std::string& architecture, const std::set<std::string>& norms) {
  if (!architecture.starts_with("ir_")) return name.find("bn") != std::string::npos;
  return norms.contains(name.substr(0, name.rfind('.')));
}

// Names as the optimizer's state has them, in the order in which face.evoLVe hands the parameters to torch.optim.SGD.
std::vector<std::string> evolve_order(const Learner& learner) {
  std::vector<std::string> names, of_norms;
  std::set<std::string> norms;
  for (const auto& buffer : learner.backbone()->named_buffers()) {
    const std::string& name = buffer.key();
    if (name.ends_with("running_mean")) norms.insert(name.substr(0, name.rfind('.')));
  }
  for (const auto& parameter : learner.backbone()->named_parameters()) {
    const bool norm = is_norm(parameter.key(), learner.backbone()->spec().architecture, norms);
    (norm ? of_norms : names).push_back("momentum.backbone." + parameter.key());
  }
  for (const auto& parameter : learner.head()->named_parameters()) {
    names.push_back("momentum.head." + parameter.key());
  }
  names.insert(names.end(), of_norms.begin(), of_norms.end());
  return names;
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

bool take_up_head(const fs::path& path, const Head& head) {
  const TensorFile file = open_tensor_file(path);
  const torch::Tensor weight = head_weight(file);
  if (!weight.defined() || weight.sizes() != head.weight.sizes() || !weight.is_floating_point()) return false;
  const torch::NoGradGuard without_gradient;
  torch::Tensor(head.weight).copy_(weight);
  const torch::Tensor* bias = head.named_parameters(/*recurse=*/false).find("bias");
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
  const std::vector<std::string> order = evolve_order(learner);
  if (momenta.size() != order.size() || state.size() != order.size()) return false;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto to = state.find(order[i]);
    if (to == state.end()) return false;
    const torch::Tensor momentum = tensor_of(*momenta[i]);
    if (momentum.sizes() != to->second.sizes() || !momentum.is_floating_point()) return false;
    copies.emplace_back(to->second, momentum);
  }
  const torch::NoGradGuard without_gradient;
  for (auto& [to, from] : copies) to.copy_(from);
  return true;
}

}  // namespace facerec
