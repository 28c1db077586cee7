#include "train/identity_objective.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "train/step_times.h"

namespace facerec {
namespace {

void check_weights(const TrainConfig& config) {
  const LossConfig& loss = config.loss;
  const bool learns = loss.classification.weight > 0 ||
                      std::any_of(loss.metric.begin(), loss.metric.end(), [](const auto& m) { return m.weight > 0; }) ||
                      !config.distill.teacher.empty();
  if (learns) return;
  throw Error::usage("all losses weigh nothing: there is nothing to learn").key("loss.classification.weight");
}

}  // namespace

IdentityObjective::IdentityObjective(const TrainConfig& config, int64_t classes, torch::Device device,
                                     const Numerics& numerics)
    : BackboneObjective(config, device, numerics) {
  check_weights(config);
  const int64_t size = config.model.embedding_size;
  if (config.loss.classification.weight > 0) head_ = make_head(config.head, classes, size);
  for (const MetricLossConfig& metric : config.loss.metric) {
    const auto same = std::count_if(metric_.begin(), metric_.end(),
                                    [&](const WeighedLoss& other) { return other.name.starts_with(metric.name); });
    const std::string name = same == 0 ? metric.name : fmt::format("{}_{}", metric.name, same + 1);
    metric_.push_back({name, metric.weight, make_metric_loss(metric, classes, size)});
  }
  if (config.distill.teacher.empty()) return;
  if (config.distill.embedding_weight == 0 && config.distill.logit_weight == 0) {
    throw Error::usage("a teacher is named, and neither its embeddings nor its logits weigh anything")
        .key("distill.teacher");
  }
  if (config.distill.logit_weight > 0 && !head_) {
    throw Error::usage("without a classification there are no logits that could follow a teacher's")
        .key("distill.logit_weight")
        .hint("set loss.classification.weight above 0, or distill.logit_weight to 0");
  }
  teacher_ = std::make_unique<Teacher>(config.distill, size, classes, device, memory_format_of(numerics));
}

std::vector<Part> IdentityObjective::parts() const {
  std::vector<Part> parts{{"backbone", backbone_, config_.optimizer.backbone_lr_factor}};
  if (head_) parts.push_back({"head", head_});
  for (const WeighedLoss& metric : metric_) parts.push_back({metric.name, metric.loss});
  return parts;
}

std::vector<LossTerm> IdentityObjective::losses(const Batch& batch, bool head_only) {
  const torch::Tensor labels = torch::tensor(batch.labels, torch::kInt64).to(device_);
  const torch::Tensor pixels = pixels_of(batch), embeddings = embed(pixels, head_only);
  enter(StepPart::head);
  std::vector<LossTerm> terms;
  if (head_) {
    terms.push_back({"classification",
                     classification_loss(config_.loss.classification, head_->logits(embeddings, labels), labels)});
    const torch::Tensor regularisation = head_->regularisation(embeddings);
    if (regularisation.defined()) terms.push_back({"regularisation", regularisation});
  }
  for (const WeighedLoss& metric : metric_) {
    terms.push_back({metric.name, metric.loss->loss(embeddings, labels) * metric.weight});
  }
  for (LossTerm& term : distillation(pixels, embeddings)) terms.push_back(std::move(term));
  return terms;
}

std::vector<LossTerm> IdentityObjective::distillation(const torch::Tensor& pixels, const torch::Tensor& embeddings) {
  if (!teacher_) return {};
  torch::Tensor logits;  // without margins, which are for labels
  if (config_.distill.logit_weight > 0) {
    head_->eval();  // its statistics have seen this batch
    logits =
        head_->logits(embeddings, torch::full({embeddings.size(0)}, -1, embeddings.options().dtype(torch::kInt64)));
    head_->train();
  }
  return teacher_->losses(pixels, embeddings, logits);
}

}  // namespace facerec
