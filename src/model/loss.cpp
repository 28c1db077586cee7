#include "facerec/model/loss.h"

#include "model/full_precision.h"

namespace facerec {
namespace {

using torch::Tensor;

// −log p of the own class, 0 where the label is −1. [N]
Tensor cross_entropy_rows(const Tensor& logits, const Tensor& labels, double label_smoothing) {
  const auto options = torch::nn::functional::CrossEntropyFuncOptions()
                           .ignore_index(-1)
                           .label_smoothing(label_smoothing)
                           .reduction(torch::kNone);
  return torch::nn::functional::cross_entropy(logits, labels, options);
}

// (1 − e^−L)^γ·L. Where L is 0, a γ below 1 would have an infinite slope.
Tensor focal(const Tensor& loss, double gamma) { return (-(-loss).expm1()).clamp_min(1e-12).pow(gamma) * loss; }

}  // namespace

Tensor classification_loss(const ClassificationLossConfig& config, const Tensor& logits, const Tensor& labels) {
  const WithoutAutocast guard;
  Tensor rows = cross_entropy_rows(logits.to(precision_of(logits)), labels, config.label_smoothing);
  if (config.name == "focal") rows = focal(rows, config.gamma);
  const Tensor mean = rows.sum() / (labels >= 0).sum().clamp_min(1);
  return config.weight * (config.name == "focal_batch" ? focal(mean, config.gamma) : mean);
}

Tensor embedding_distillation(const Tensor& student, const Tensor& teacher) {
  const WithoutAutocast guard;
  const torch::ScalarType type = precision_of(student);
  return 1 - (unit_rows(student.to(type)) * unit_rows(teacher.detach().to(type))).sum(1).mean();
}

Tensor logit_distillation(const Tensor& student, const Tensor& teacher, double temperature) {
  const WithoutAutocast guard;
  const torch::ScalarType type = precision_of(student);
  const Tensor from = (student.to(type) / temperature).log_softmax(1);
  const Tensor to = (teacher.detach().to(type) / temperature).log_softmax(1);
  return temperature * temperature * (to.exp() * (to - from)).sum(1).mean();
}

}  // namespace facerec
