#include "model/margin_head.h"

#include <cmath>
#include <numbers>

#include "model/full_precision.h"

namespace facerec {

using torch::Tensor;

namespace {

// Not gather(): that keeps the cosines for its backward pass, and they could not be changed in place.
Tensor own_of(const Tensor& cosine, const Tensor& own) {
  const Tensor starts = torch::arange(cosine.size(0), own.options()).mul_(cosine.size(1));
  return cosine.view(-1).index_select(0, own + starts).unsqueeze(1);
}

}  // namespace

Tensor MarginHead::logits(Tensor embeddings, Tensor labels) {
  const WithoutAutocast guard;
  const torch::ScalarType type = precision_of(embeddings);
  const Tensor x = embeddings.to(type);
  const Tensor norms = x.norm(2, {1}, true);
  const Tensor cosine = of_classes(torch::linear(x / norms.clamp_min(1e-12), unit_rows(used(weight).to(type))));
  const Tensor own = labels.clamp_min(0), held = labels >= 0;
  const Tensor target = own_of(cosine, own);
  target_cosines = target.detach().squeeze(1).masked_fill(held.logical_not(), 0);
  return with_margin(cosine, {norms, own.unsqueeze(1), held.unsqueeze(1), target}).mul_(scale_);
}

Tensor sine_of(const Tensor& cosine) {
  const Tensor squared = 1 - cosine.square();
  const Tensor inside = squared > 0;
  return torch::where(inside, torch::where(inside, squared, torch::ones_like(squared)).sqrt(),
                      torch::zeros_like(squared));
}

Tensor add_to_angle(const Tensor& cosine, double margin) {
  const Tensor sum = cosine * std::cos(margin) - sine_of(cosine) * std::sin(margin);
  const double limit = std::cos(std::numbers::pi - margin);
  return torch::where(cosine > limit, sum, cosine - std::sin(margin) * margin);
}

Tensor put_margined(Tensor cosine, const Tensor& margined, const Rows& rows) {
  const Tensor present = own_of(cosine, rows.own.squeeze(1));
  return cosine.scatter_(1, rows.own, torch::where(rows.held, margined, present));
}

}  // namespace facerec
