#include "train/loss_scale.h"

#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>

namespace facerec {

LossScale::LossScale(const std::string& precision, torch::Device device) {
  if (precision != "fp16") return;
  scale_ = torch::full({}, 65536.0, torch::dtype(torch::kFloat32).device(device));
  steps_ = torch::zeros({}, torch::dtype(torch::kInt32).device(device));
}

void LossScale::unscale(const std::vector<torch::Tensor>& gradients) const {
  if (!is_active() || gradients.empty()) return;
  torch::Tensor overflow = torch::zeros({}, scale_.options());  // what is not finite shows in the norms, too
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, overflow, scale_.reciprocal());
}

void LossScale::update(const torch::Tensor& skipped) {
  if (is_active()) at::_amp_update_scale_(scale_, steps_, skipped, 2.0, 0.5, 2000);
}

NamedTensors LossScale::state() const {
  if (!is_active()) return {};
  return {{"loss_scale.scale", scale_}, {"loss_scale.steps", steps_}};
}

}  // namespace facerec
