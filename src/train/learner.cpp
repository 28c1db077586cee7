#include "train/learner.h"

#include <cmath>

#include "facerec/core/error.h"
#include "facerec/model/device.h"

namespace facerec {
namespace {

torch::MemoryFormat format_of(const std::string& name) {
  return name == "channels_last" ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
}

bool is_below(const std::string& name, const std::string& prefix) {
  return name == prefix || name.starts_with(prefix + ".");
}

void freeze(torch::nn::Module& module, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    bool known = false;
    for (auto& parameter : module.named_parameters()) {
      if (!is_below(parameter.key(), prefix)) continue;
      parameter.value().set_requires_grad(false);
      known = true;
    }
    if (!known) {
      std::string parts;
      for (const auto& child : module.named_children()) parts += (parts.empty() ? "" : ", ") + child.key();
      throw Error::usage("train.freeze: the backbone has no part '" + prefix + "'").hint("its parts: " + parts);
    }
  }
}

torch::Tensor pixels_of(const Batch& batch, const Preprocess& preprocess, torch::Device device) {
  return torch::from_blob(const_cast<uint8_t*>(batch.pixels.data()),
                          {batch.size(), preprocess.height, preprocess.width, 3}, torch::kUInt8)
      .to(device);
}

}  // namespace

Learner::Learner(const TrainConfig& config, int64_t classes, torch::Device device, const Numerics& numerics)
    : config_(config),
      device_(device),
      numerics_(numerics),
      backbone_(make_backbone(config.model)),
      head_(make_head(config.head, classes, config.model.embedding_size)) {
  backbone_->to(device_);
  head_->to(device_);
  freeze(*backbone_, config_.train.freeze);
  backbone_parameters_ = backbone_->parameters();
  for (torch::Tensor& parameter : backbone_parameters_) {
    // Before the optimizer makes its buffers: the fused kernels want parameter, gradient and buffer laid out alike.
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format_of(numerics_.memory_format)));
  }
  head_parameters_ = head_->parameters();
  buffers_ = backbone_->buffers();
  auto groups = parameter_groups(*backbone_, "backbone.", config_.optimizer, config_.optimizer.backbone_lr_factor);
  for (ParameterGroup& group : parameter_groups(*head_, "head.", config_.optimizer, 1.0))
    groups.push_back(std::move(group));
  optimizer_ = std::make_unique<Optimizer>(config_.optimizer, groups);
}

void Learner::set_mode(bool head_only) {
  head_->train();
  backbone_->train(!head_only);
  for (const auto& child : backbone_->named_modules("", false)) {
    for (const std::string& prefix : config_.train.freeze) {
      if (is_below(child.key(), prefix)) child.value()->eval();
    }
  }
}

torch::Tensor Learner::embed(const Batch& batch, bool head_only) {
  const torch::AutoGradMode gradients(!head_only);
  const Preprocess& preprocess = backbone_->spec().preprocess;
  return backbone_->forward(
      normalise(pixels_of(batch, preprocess, device_), preprocess, format_of(numerics_.memory_format)));
}

double Learner::forward_backward(const Batch& batch, double weight, bool head_only) {
  const torch::Tensor labels = torch::tensor(batch.labels, torch::kInt64).to(device_);
  torch::Tensor loss;
  {
    const Autocast autocast(device_, numerics_.precision);
    const torch::Tensor logits = head_->logits(embed(batch, head_only), labels);
    const auto options =
        torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(config_.loss.classification.label_smoothing);
    loss = torch::nn::functional::cross_entropy(logits, labels, options) * weight;
  }
  loss.backward();
  return loss.item<double>();
}

Learner::Step Learner::step(const std::vector<Batch>& batches, double lr, bool head_only) {
  std::vector<torch::Tensor> before;  // running statistics: a non-finite forward pass would stay in them for ever
  for (const torch::Tensor& buffer : buffers_) before.push_back(buffer.clone());
  set_mode(head_only);
  optimizer_->zero_grad();
  double loss = 0;
  for (const Batch& batch : batches)
    loss += forward_backward(batch, 1.0 / static_cast<double>(batches.size()), head_only);
  const double norm =
      clip_gradients(backbone_parameters_, config_.train.clip_norm) + clip_gradients(head_parameters_, 0);
  const bool finite = std::isfinite(loss) && std::isfinite(norm);
  if (finite) {
    optimizer_->step(lr);
  } else {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(before[i]);
  }
  return {loss, finite};
}

}  // namespace facerec
