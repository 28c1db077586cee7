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

void Optimizer::set_rate(double lr) {
  for (Group& group : groups_) {
    group.rate = lr * group.lr_factor;
    const torch::Tensor& parameter = group.slots.front().parameter;
    if (parameter.is_cpu()) continue;
    if (!group.rate_on_device.defined()) {
      group.rate_on_device = torch::empty({}, torch::dtype(torch::kFloat32).device(parameter.device()));
    }
    group.rate_on_device.fill_(group.rate);
  }
}

void Optimizer::step(const torch::Tensor& skipped, const std::vector<SampledRows>& sampled) {
  const torch::NoGradGuard no_grad;
  for (Group& group : groups_) step_group(group, skipped, sampled);
}

namespace {

const SampledRows* find_rows(const std::vector<SampledRows>& sampled, const torch::Tensor& parameter) {
  for (const SampledRows& each : sampled) {
    if (each.parameter.is_same(parameter)) return &each;
  }
  return nullptr;
}

// Copies of rows, which are written back when the update is done.
struct Borrowed {
  torch::Tensor whole, rows, part;
  void give_back() { whole.index_copy_(0, rows, part); }
};

}  // namespace

void Optimizer::step_group(Group& group, const torch::Tensor& skipped, const std::vector<SampledRows>& sampled) {
  std::vector<torch::Tensor> parameters, gradients, firsts, seconds, steps;
  std::vector<Borrowed> borrowed;
  auto state_of = [&](const torch::Tensor& state, const SampledRows* rows) {
    if (rows == nullptr) return state;
    borrowed.push_back({state, rows->rows, state.index_select(0, rows->rows)});
    return borrowed.back().part;
  };
  for (Slot& slot : group.slots) {
    const SampledRows* rows = find_rows(sampled, slot.parameter);
    const torch::Tensor& parameter = rows == nullptr ? slot.parameter : rows->values;
    const torch::Tensor& gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (rows != nullptr) borrowed.push_back({slot.parameter, rows->rows, parameter});
    parameters.push_back(parameter);
    gradients.push_back(gradient);
    if (slot.first.defined()) firsts.push_back(state_of(slot.first, rows));
    if (config_.name == "sgd") continue;
    seconds.push_back(state_of(slot.second, rows));
    steps.push_back(skipped.defined() ? slot.steps.add_(1 - skipped) : slot.steps.add_(1));
  }
  if (parameters.empty()) return;
  const auto found_inf = skipped.defined() ? std::optional(skipped) : std::nullopt;
  const auto update = [&](const auto& lr) {
    if (config_.name == "sgd") {
      // Zero buffers give the peers' first step too: without dampening, momentum · 0 + gradient.
      at::_fused_sgd_(parameters, gradients, firsts, group.weight_decay, config_.momentum, lr, /*dampening=*/0.0,
                      config_.nesterov, /*maximize=*/false, /*is_first_step=*/false, {}, found_inf);
    } else if (config_.name == "adam") {
      at::_fused_adam_(parameters, gradients, firsts, seconds, {}, steps, lr, config_.beta1, config_.beta2,
                       group.weight_decay, config_.eps, /*amsgrad=*/false, /*maximize=*/false, {}, found_inf);
    } else {
      at::_fused_adamw_(parameters, gradients, firsts, seconds, {}, steps, lr, config_.beta1, config_.beta2,
                        group.weight_decay, config_.eps, /*amsgrad=*/false, /*maximize=*/false, {}, found_inf);
    }
  };
  group.rate_on_device.defined() ? update(group.rate_on_device) : update(group.rate);
  for (Borrowed& each : borrowed) each.give_back();
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

torch::Tensor clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return parameters.empty() ? torch::zeros({}) : torch::zeros({}, parameters.front().options());
  torch::Tensor norm = torch::stack(at::_foreach_norm(gradients, 2)).norm();
  const bool is_short = norm.is_cpu() && norm.item<double>() <= max_norm;  // a pass over all gradients less
  if (max_norm > 0 && !is_short) at::_foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp_max(1));
  return norm;
}

}  // namespace facerec
