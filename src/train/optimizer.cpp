#include "facerec/train/optimizer.h"

#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>

#include <map>
#include <set>

namespace facerec {
namespace {

enum class Kind { weight, norm_or_bias, prelu };

Kind kind_of(const std::string& name, const torch::Tensor& parameter, const std::set<std::string>& norms) {
  if (parameter.dim() >= 2) return Kind::weight;
  const std::string owner = name.substr(0, name.rfind('.') + 1);
  const bool is_bias = name == owner + "bias";
  return is_bias || norms.contains(owner) ? Kind::norm_or_bias : Kind::prelu;
}

}  // namespace

std::vector<ParameterGroup> parameter_groups(const torch::nn::Module& module, const std::string& prefix,
                                             const OptimizerConfig& config, double lr_factor) {
  std::set<std::string> norms;  // "body.0.res_layer.0.", "blocks.0.norm1."
  for (const auto& parameter : module.named_parameters()) {
    const std::string& name = parameter.key();
    if (name.ends_with(".bias")) norms.insert(name.substr(0, name.rfind('.') + 1));  // LayerNorm's has no statistics
  }
  for (const auto& buffer : module.named_buffers()) {
    const std::string& name = buffer.key();
    if (name.ends_with("running_mean")) norms.insert(name.substr(0, name.rfind('.') + 1));
  }
  std::map<double, ParameterGroup> by_decay;
  for (const auto& parameter : module.named_parameters()) {
    if (!parameter.value().requires_grad()) continue;
    const Kind kind = kind_of(parameter.key(), parameter.value(), norms);
    const bool decays = kind == Kind::weight || (kind == Kind::prelu ? config.decay_prelu : config.decay_norm);
    const double decay = decays ? config.weight_decay : 0.0;
    ParameterGroup& group = by_decay[decay];
    group.weight_decay = decay;
    group.lr_factor = lr_factor;
    group.parameters.emplace_back(prefix + parameter.key(), parameter.value());
  }
  std::vector<ParameterGroup> groups;
  groups.reserve(by_decay.size());
  for (auto& [decay, group] : by_decay) groups.push_back(std::move(group));
  return groups;
}

Optimizer::Optimizer(OptimizerConfig config, const std::vector<ParameterGroup>& groups) : config_(std::move(config)) {
  for (const ParameterGroup& from : groups) {
    Group& group = groups_.emplace_back(Group{{}, from.weight_decay, from.lr_factor});
    for (const auto& [name, parameter] : from.parameters) {
      Slot slot{parameter, {}, {}, {}, name};
      if (config_.name != "sgd" || config_.momentum > 0) slot.first = torch::zeros_like(parameter);
      if (config_.name != "sgd") {
        slot.second = torch::zeros_like(parameter);
        slot.steps = torch::zeros({}, parameter.options().dtype(torch::kFloat32));
      }
      group.slots.push_back(std::move(slot));
    }
  }
}

void Optimizer::step(double lr) {
  const torch::NoGradGuard no_grad;
  for (Group& group : groups_) step_group(group, lr * group.lr_factor);
}

void Optimizer::step_group(Group& group, double lr) {
  std::vector<torch::Tensor> parameters, gradients, firsts, seconds, steps;
  for (Slot& slot : group.slots) {
    const torch::Tensor& gradient = slot.parameter.grad();
    if (!gradient.defined()) continue;
    parameters.push_back(slot.parameter);
    gradients.push_back(gradient);
    if (slot.first.defined()) firsts.push_back(slot.first);
    if (config_.name == "sgd") continue;
    seconds.push_back(slot.second);
    steps.push_back(slot.steps.add_(1));
  }
  if (parameters.empty()) return;
  if (config_.name == "sgd") {
    // Zero buffers give the peers' first step too: without dampening, momentum · 0 + gradient.
    at::_fused_sgd_(parameters, gradients, firsts, group.weight_decay, config_.momentum, lr, /*dampening=*/0.0,
                    config_.nesterov, /*maximize=*/false, /*is_first_step=*/false);
  } else if (config_.name == "adam") {
    at::_fused_adam_(parameters, gradients, firsts, seconds, {}, steps, lr, config_.beta1, config_.beta2,
                     group.weight_decay, config_.eps, /*amsgrad=*/false, /*maximize=*/false);
  } else {
    at::_fused_adamw_(parameters, gradients, firsts, seconds, {}, steps, lr, config_.beta1, config_.beta2,
                      group.weight_decay, config_.eps, /*amsgrad=*/false, /*maximize=*/false);
  }
}

void Optimizer::zero_grad() {
  for (Group& group : groups_) {
    for (Slot& slot : group.slots) slot.parameter.mutable_grad().reset();
  }
}

NamedTensors Optimizer::state() const {
  NamedTensors state;
  for (const Group& group : groups_) {
    for (const Slot& slot : group.slots) {
      if (config_.name == "sgd") {
        if (slot.first.defined()) state.emplace_back("momentum." + slot.name, slot.first);
      } else {
        state.emplace_back("mean." + slot.name, slot.first);
        state.emplace_back("square." + slot.name, slot.second);
        state.emplace_back("steps." + slot.name, slot.steps);
      }
    }
  }
  return state;
}

double clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return 0;
  const auto norm = torch::stack(at::_foreach_norm(gradients, 2)).norm().item<double>();
  if (max_norm > 0 && norm > max_norm) at::_foreach_mul_(gradients, max_norm / (norm + 1e-6));
  return norm;
}

}  // namespace facerec
