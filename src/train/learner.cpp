#include "train/learner.h"

#include <cmath>

#include "facerec/model/device.h"
#include "train/step_times.h"
#include "train/tune.h"

namespace facerec {
Learner::Learner(const TrainConfig& config, const TaskData& data, torch::Device device, const Numerics& numerics)
    : config_(config),
      device_(device),
      numerics_(numerics),
      objective_(make_objective(config, data, device, numerics)),
      parts_(objective_->parts()) {
  torch::nn::Module& network = *parts_.front().module;
  for (const Part& part : parts_) part.module->to(device_);
  if (const auto backbone = objective_->backbone()) {
    still_ = choose_learnt(*backbone, config_.train);
    if (config_.train.gradient_checkpointing) backbone->checkpoint_blocks();
  }
  for (torch::Tensor& parameter : network.parameters()) {
    // Before the optimizer makes its buffers: the fused kernels want parameter, gradient and buffer laid out alike.
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(memory_format_of(numerics_)));
  }
  std::vector<ParameterGroup> groups;
  for (const Part& part : parts_) {
    for (ParameterGroup& group : parameter_groups(*part.module, part.name + ".", config_.optimizer, part.lr_factor)) {
      groups.push_back(std::move(group));
    }
    for (const torch::Tensor& buffer : part.module->buffers()) buffers_.push_back(buffer);
  }
  optimizer_ = std::make_unique<Optimizer>(config_.optimizer, groups);
}

void Learner::set_mode(bool head_only) {
  for (const Part& part : parts_) part.module->train();
  parts_.front().module->train(!head_only);
  for (const auto& module : still_) module->eval();
}

void Learner::add_losses(const Batch& batch, double weight, bool head_only, Step& step) {
  std::vector<torch::Tensor> values;
  std::vector<std::string> names;
  enter(StepPart::forward);
  {
    const Autocast autocast(device_, numerics_.precision);
    for (const LossTerm& term : objective_->losses(batch, head_only)) {
      values.push_back(term.value * weight);
      names.push_back(term.name);
    }
  }
  enter(StepPart::backward);
  const torch::Tensor terms = torch::stack(values);
  terms.sum().backward();
  enter(StepPart::other);
  const torch::Tensor figures = terms.detach().to(torch::kCPU, torch::kFloat64);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto value = figures[static_cast<int64_t>(i)].item<double>();
    if (step.terms.size() <= i) step.terms.emplace_back(names[i], 0.0);
    step.terms[i].second += value;
    step.loss += value;
  }
}

// The network's gradient is clipped; the norms of all tell whether the step is finite.
double Learner::clip() {
  double sum = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    sum += clip_gradients(parts_[i].module->parameters(), i == 0 ? config_.train.clip_norm : 0);
  }
  return sum;
}

Learner::Step Learner::step(const std::vector<Batch>& batches, double lr, bool head_only) {
  enter(StepPart::other);
  std::vector<torch::Tensor> before;  // running statistics: a non-finite forward pass would stay in them for ever
  for (const torch::Tensor& buffer : buffers_) before.push_back(buffer.clone());
  set_mode(head_only);
  optimizer_->zero_grad();
  Step step{0, {}, true};
  for (const Batch& batch : batches) add_losses(batch, 1.0 / static_cast<double>(batches.size()), head_only, step);
  enter(StepPart::optimizer);
  step.finite = std::isfinite(step.loss) && std::isfinite(clip());
  if (step.finite) {
    optimizer_->step(lr);
  } else {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(before[i]);
  }
  enter(StepPart::other);
  return step;
}

std::shared_ptr<torch::nn::Module> find_part(const Objective& objective, const std::string& name) {
  for (const Part& part : objective.parts()) {
    if (part.name == name) return part.module;
  }
  return nullptr;
}

}  // namespace facerec
