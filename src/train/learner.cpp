#include "train/learner.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <cmath>

#include "facerec/model/device.h"
#include "model/sync_batch_norm.h"
#include "train/step_times.h"
#include "train/tune.h"

namespace facerec {
namespace {

using torch::Tensor;

// A head belongs to the processes in parts; all else each of them has.
bool is_divided(const Part& part) { return std::dynamic_pointer_cast<Head>(part.module) != nullptr; }

std::vector<std::pair<std::string, Tensor>> common_parameters(const std::vector<Part>& parts) {
  std::vector<std::pair<std::string, Tensor>> parameters;
  for (const Part& part : parts) {
    if (is_divided(part)) continue;
    for (const auto& each : part.module->named_parameters()) {
      if (each.value().requires_grad()) parameters.emplace_back(part.name + "." + each.key(), each.value());
    }
  }
  return parameters;
}

std::vector<Tensor> copies_of(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  copies.reserve(tensors.size());
  for (const Tensor& tensor : tensors) copies.push_back(tensor.clone());
  return copies;
}

std::vector<Tensor> values_of(const std::vector<SampledRows>& sampled) {
  std::vector<Tensor> values;
  for (const SampledRows& each : sampled) values.push_back(each.values);
  return values;
}

std::vector<Tensor> gradients_of(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  return gradients;
}

}  // namespace

Learner::Learner(const TrainConfig& config, const TaskData& data, const Compute& compute)
    : config_(config),
      compute_(compute),
      objective_(make_objective(config, data, compute)),
      parts_(objective_->parts()),
      loss_scale_(compute.numerics.precision, compute.device) {
  torch::nn::Module& network = *parts_.front().module;
  for (const Part& part : parts_) part.module->to(compute_.device);
  if (const auto backbone = objective_->backbone()) {
    still_ = choose_learnt(*backbone, config_.train);
    if (config_.train.gradient_checkpointing) backbone->checkpoint_blocks();
  }
  if (config_.train.sync_batch_norm) {
    for (const Part& part : parts_) {
      if (!is_divided(part)) synchronise_batch_norms(*part.module, compute_.world);  // a head sees all images
    }
  }
  for (Tensor& parameter : network.parameters()) {
    // Before the optimizer makes its buffers: the fused kernels want parameter, gradient and buffer laid out alike.
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(memory_format_of(compute_.numerics)));
  }
  std::vector<ParameterGroup> groups;
  for (const Part& part : parts_) {
    for (ParameterGroup& group : parameter_groups(*part.module, part.name + ".", config_.optimizer, part.lr_factor)) {
      groups.push_back(std::move(group));
    }
    for (const Tensor& buffer : part.module->buffers()) buffers_.push_back(buffer);
  }
  optimizer_ = std::make_unique<Optimizer>(config_.optimizer, groups);
  check_recordable(config_, compute_.world.size());
  if (config_.train.cuda_graph) graph_ = std::make_unique<StepGraph>(compute_.device);
  sync_ = std::make_unique<GradientSync>(common_parameters(parts_), compute_.world);
}

void Learner::set_mode(bool head_only) {
  for (const Part& part : parts_) part.module->train();
  parts_.front().module->train(!head_only);
  for (const auto& module : still_) module->eval();
}

void Learner::add_gradients(const DeviceBatch& batch, double weight, bool head_only, bool last) {
  std::vector<Tensor> values;
  term_names_.clear();
  enter(StepPart::forward);
  {
    const Autocast autocast(compute_.device, compute_.numerics.precision);
    for (const LossTerm& term : objective_->losses(batch, head_only)) {
      values.push_back(term.value * weight);
      term_names_.push_back(term.name);
    }
  }
  enter(StepPart::backward);
  const Tensor terms = torch::stack(values);
  const Tensor loss = loss_scale_.scaled(terms.sum());
  if (last && !head_only) sync_->prepare({loss});
  sync_->backward(loss);
  enter(StepPart::other);
  const Tensor figures = terms.detach().to(torch::kFloat64);
  terms_ = terms_.defined() ? terms_ + figures : figures;
}

// Also clips the network's gradient.
Learner::Launched Learner::collect(const std::vector<SampledRows>& sampled) {
  Launched result;
  result.terms_ = term_names_;
  std::vector<Tensor> sums{terms_ / compute_.world.size()};  // over the processes
  for (const Figure& figure : objective_->figures()) {
    result.figures_.push_back(figure.name);
    sums.push_back(figure.value.detach().to(torch::kFloat64).view(1));
  }
  std::vector<Tensor> norms;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const std::vector<Tensor> parameters =
        is_divided(parts_[i]) && !sampled.empty() ? values_of(sampled) : parts_[i].module->parameters();
    if (parameters.empty()) continue;  // a metric loss
    loss_scale_.unscale(gradients_of(parameters));
    const Tensor norm = clip_gradients(parameters, i == 0 ? config_.train.clip_norm : 0).to(torch::kFloat64).view(1);
    is_divided(parts_[i]) ? sums.push_back(norm.square()) : norms.push_back(norm);
  }
  Tensor common = torch::cat(sums);
  compute_.world.sum(common);
  result.values_ = torch::cat({common, torch::cat(norms)});
  result.figures_.resize(common.size(0) - static_cast<int64_t>(result.terms_.size()), "");
  result.figures_.emplace_back("gradient_norm");
  return result;
}

void Learner::Launched::fetch() {
  if (values_.is_cpu()) return;
  const c10::DeviceType device = values_.device().type();
  const Tensor host = torch::empty_like(values_, torch::device(torch::kCPU).pinned_memory(true));
  host.copy_(values_, /*non_blocking=*/true);
  there_ = std::make_shared<c10::Event>(device);
  there_->record(c10::impl::VirtualGuardImpl(device).getStream(values_.device()));
  values_ = host;
}

Learner::Step Learner::Launched::read() const {
  if (there_) there_->synchronize();
  const Tensor& values = values_;
  Step step;
  int64_t i = 0;
  for (const std::string& name : terms_) {
    step.terms.emplace_back(name, values[i++].item<double>());
    step.loss += step.terms.back().second;
  }
  for (const std::string& name : figures_) {
    if (!name.empty()) step.figures.emplace_back(name, values[i].item<double>());
    ++i;
  }
  step.finite = torch::isfinite(values).all().item<bool>();
  return step;
}

// Running statistics: those of a forward pass that is not finite would stay in them for ever.
void Learner::restore_unless(const Tensor& finite, const std::vector<Tensor>& before) {
  if (finite.is_cpu() && finite.item<bool>()) return;  // a GPU is not waited for
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(torch::where(finite, buffers_[i], before[i]));
}

Learner::Launched Learner::compute(const std::vector<DeviceBatch>& batches, bool head_only) {
  const std::vector<Tensor> before = copies_of(buffers_);
  set_mode(head_only);
  optimizer_->zero_grad();
  terms_.reset();
  objective_->begin_step(batches);
  for (size_t i = 0; i < batches.size(); ++i) {
    add_gradients(batches[i], 1.0 / static_cast<double>(batches.size()), head_only, i + 1 == batches.size());
  }
  if (head_only) sync_->average_now();
  enter(StepPart::optimizer);
  const std::vector<SampledRows> sampled = objective_->sampled();
  Launched result = collect(sampled);
  const Tensor finite = torch::isfinite(result.values_).all();
  const Tensor skipped = finite.logical_not().to(torch::kFloat32);
  optimizer_->step(skipped, sampled);
  loss_scale_.update(skipped);
  enter(StepPart::other);
  restore_unless(finite, before);
  return result;
}

Learner::Launched Learner::replay(const std::vector<DeviceBatch>& batches) {
  StepGraph::Inputs inputs;
  for (const DeviceBatch& batch : batches) inputs.insert(inputs.end(), batch.inputs.begin(), batch.inputs.end());
  graph_->run(inputs, [&](const StepGraph::Inputs& kept) {
    std::vector<DeviceBatch> same = batches;
    auto next = kept.begin();
    for (DeviceBatch& batch : same) {
      for (Tensor& input : batch.inputs) input = *next++;
    }
    recorded_ = compute(same, /*head_only=*/false);
  });
  Launched result = recorded_;
  result.values_ = recorded_.values_.clone();  // the next step writes there
  return result;
}

Learner::Launched Learner::launch(const std::vector<Batch>& batches, double lr, bool head_only) {
  enter(StepPart::other);
  optimizer_->set_rate(lr);
  std::vector<DeviceBatch> there;
  for (const Batch& batch : batches) there.push_back(to_device(batch, *objective_, compute_.device));
  Launched launched = !graph_ || head_only ? compute(there, head_only) : replay(there);
  launched.fetch();
  return launched;
}

NamedTensors Learner::optimizer_state() const {
  NamedTensors state = optimizer_->state();
  for (auto& each : loss_scale_.state()) state.push_back(std::move(each));
  return state;
}

std::shared_ptr<torch::nn::Module> find_part(const Objective& objective, const std::string& name) {
  for (const Part& part : objective.parts()) {
    if (part.name == name) return part.module;
  }
  return nullptr;
}

}  // namespace facerec
