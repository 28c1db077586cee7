#include "facerec/model/loss.h"

#include "model/full_precision.h"

namespace facerec {
namespace {

using torch::Tensor;

// Cross entropy of rows whose logits the processes hold by columns; 0 where no process holds the label. The gradient
// needs nothing from the others: the share of a class is its exponential over the common sum.
class DividedCrossEntropy : public torch::autograd::Function<DividedCrossEntropy> {
 public:
  // [N,C of this process], int64 [N] counting these classes or −1 → [N], alike on every process
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& logits, const Tensor& labels,
                        double smoothing, const World* world) {
    Tensor largest = logits.amax(1);
    world->max(largest);
    const Tensor exponentials = (logits - largest.unsqueeze(1)).exp_();
    const Tensor held = labels >= 0;
    const Tensor own = logits.gather(1, labels.clamp_min(0).unsqueeze(1)).squeeze(1).masked_fill(held.logical_not(), 0);
    Tensor sums = torch::stack({exponentials.sum(1), own, held.to(logits.scalar_type()), logits.sum(1),
                                torch::full_like(own, logits.size(1))});
    world->sum(sums);
    const Tensor known = sums[2] > 0, classes = sums[4];
    const Tensor log_sum = largest + sums[0].log();
    context->saved_data["smoothing"] = smoothing;
    context->save_for_backward({exponentials, sums[0], labels, known, classes});
    return (log_sum - (1 - smoothing) * sums[1] - smoothing * sums[3] / classes).masked_fill(known.logical_not(), 0);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &exponentials = saved[0], &sum = saved[1], &labels = saved[2], &known = saved[3], &classes = saved[4];
    const double smoothing = context->saved_data["smoothing"].toDouble();
    const Tensor outer = gradients[0].masked_fill(known.logical_not(), 0);
    Tensor gradient = exponentials * (outer / sum).unsqueeze(1);
    if (smoothing > 0) gradient.sub_((outer * smoothing / classes).unsqueeze(1));
    const Tensor own = (outer * (smoothing - 1)).masked_fill(labels < 0, 0);
    gradient.scatter_add_(1, labels.clamp_min(0).unsqueeze(1), own.unsqueeze(1));
    return {gradient, {}, {}, {}};
  }
};

// (1 − e^−L)^γ·L. Where L is 0, a γ below 1 would have an infinite slope.
Tensor focal(const Tensor& loss, double gamma) { return (-(-loss).expm1()).clamp_min(1e-12).pow(gamma) * loss; }

}  // namespace

Tensor classification_loss(const ClassificationLossConfig& config, const Tensor& logits, const Tensor& labels,
                           const World& world) {
  const WithoutAutocast guard;
  Tensor rows = DividedCrossEntropy::apply(logits.to(precision_of(logits)), labels, config.label_smoothing, &world);
  if (config.name == "focal") rows = focal(rows, config.gamma);
  Tensor counted = (labels >= 0).sum();
  world.sum(counted);
  const Tensor mean = rows.sum() / counted.clamp_min(1);
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
