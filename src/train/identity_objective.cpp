#include "train/identity_objective.h"

#include <fmt/format.h>

#include <algorithm>

#include "dist/gather.h"
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

void check_teacher(const TrainConfig& config, const World& world) {
  if (config.distill.embedding_weight == 0 && config.distill.logit_weight == 0) {
    throw Error::usage("a teacher is named, and neither its embeddings nor its logits weigh anything")
        .key("distill.teacher");
  }
  if (config.distill.logit_weight == 0) return;
  if (config.loss.classification.weight == 0) {
    throw Error::usage("without a classification there are no logits that could follow a teacher's")
        .key("distill.logit_weight")
        .hint("set loss.classification.weight above 0, or distill.logit_weight to 0");
  }
  if (world.size() > 1 || config.head.sample_rate < 1) {
    throw Error::usage("a teacher's logits are followed over all classes, which no process has here")
        .key("distill.logit_weight")
        .hint("train in one process with head.sample_rate 1, or follow its embeddings alone");
  }
}

}  // namespace

IdentityObjective::IdentityObjective(const TrainConfig& config, int64_t classes, const Compute& compute)
    : BackboneObjective(config, compute) {
  check_weights(config);
  const int64_t size = config.model.embedding_size;
  if (config.loss.classification.weight > 0) {
    classifier_ = std::make_unique<PartialFC>(config.head, classes, size, compute.world);
  }
  for (const MetricLossConfig& metric : config.loss.metric) {
    const auto same = std::count_if(metric_.begin(), metric_.end(),
                                    [&](const WeighedLoss& other) { return other.kind == metric.name; });
    const std::string name = same == 0 ? metric.name : fmt::format("{}_{}", metric.name, same + 1);
    metric_.push_back({metric.name, name, metric.weight,
                       make_metric_loss(metric, classes, size, fmt::format("loss.metric.{}", metric_.size()))});
  }
  if (config.distill.teacher.empty()) return;
  check_teacher(config, compute.world);
  teacher_ =
      std::make_unique<Teacher>(config.distill, size, classes, compute.device, memory_format_of(compute.numerics));
}

std::vector<Part> IdentityObjective::parts() const {
  std::vector<Part> parts{{"backbone", backbone_, config_.optimizer.backbone_lr_factor}};
  if (classifier_) parts.push_back({"head", classifier_->head()});
  for (const WeighedLoss& metric : metric_) parts.push_back({metric.name, metric.loss});
  return parts;
}

std::vector<torch::Tensor> IdentityObjective::inputs(const Batch& batch) const {
  return {pixels_of(batch), torch::tensor(batch.labels, torch::kInt64)};
}

torch::Tensor IdentityObjective::labels_of_all(const DeviceBatch& batch) const {
  return compute_.world.gather(batch.inputs[1], batch.total);
}

void IdentityObjective::begin_step(const std::vector<DeviceBatch>& batches) {
  if (!classifier_ || config_.head.sample_rate >= 1) return;
  std::vector<torch::Tensor> labels;
  for (const DeviceBatch& batch : batches) labels.push_back(labels_of_all(batch));
  classifier_->sample(torch::cat(labels));
}

std::vector<SampledRows> IdentityObjective::sampled() const {
  return classifier_ ? classifier_->head()->sampled() : std::vector<SampledRows>{};
}

std::vector<Figure> IdentityObjective::figures() const {
  const torch::Tensor cosine = classifier_ ? classifier_->target_cosine() : torch::Tensor();
  if (!cosine.defined()) return {};
  return {{"target_cosine", cosine}};
}

std::vector<LossTerm> IdentityObjective::losses(const DeviceBatch& batch, bool head_only) {
  const torch::Tensor labels = labels_of_all(batch);
  const torch::Tensor &pixels = batch.inputs[0], embeddings = embed(pixels, head_only);
  enter(StepPart::head);
  const double share = share_weight(batch, compute_.world);
  std::vector<LossTerm> terms;
  if (classifier_) {
    terms.push_back({"classification", classifier_->loss(config_.loss.classification, embeddings, labels)});
    const torch::Tensor regularisation = classifier_->head()->regularisation(embeddings);
    if (regularisation.defined()) terms.push_back({"regularisation", regularisation * share});
  }
  const torch::Tensor all = metric_.empty() ? embeddings : gather_for_all(embeddings, batch.total, compute_.world);
  for (const WeighedLoss& metric : metric_) {
    terms.push_back({metric.name, metric.loss->loss(all, labels) * metric.weight});
  }
  for (LossTerm& term : distillation(pixels, embeddings)) terms.push_back({term.name, term.value * share});
  return terms;
}

std::vector<LossTerm> IdentityObjective::distillation(const torch::Tensor& pixels, const torch::Tensor& embeddings) {
  if (!teacher_) return {};
  torch::Tensor logits;  // without margins, which are for labels
  if (config_.distill.logit_weight > 0) {
    Head& head = *classifier_->head();
    const torch::Tensor target_cosines = head.target_cosines;
    head.eval();  // its statistics have seen this batch
    logits = head.logits(embeddings, torch::full({embeddings.size(0)}, -1, embeddings.options().dtype(torch::kInt64)));
    head.train();
    head.target_cosines = target_cosines;
  }
  return teacher_->losses(pixels, embeddings, logits);
}

}  // namespace facerec
