// The factor that keeps gradients in fp16 from vanishing, adapted as PyTorch's GradScaler does it (Micikevicius et al.
// 2018, 1710.03740): halved after a step that overflows, doubled after 2,000 steps without one. 1 in other precisions.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "facerec/model/weights.h"

namespace facerec {

class LossScale {
 public:
  LossScale(const std::string& precision, torch::Device device);

  bool is_active() const { return scale_.defined(); }
  torch::Tensor scaled(const torch::Tensor& loss) const { return is_active() ? loss * scale_ : loss; }

  // Divides the gradients by the scale.
  void unscale(const std::vector<torch::Tensor>& gradients) const;

  // After a step. skipped: float [], 1 when it was not finite.
  void update(const torch::Tensor& skipped);

  NamedTensors state() const;  // for checkpoints

 private:
  torch::Tensor scale_, steps_;  // undefined: inactive
};

}  // namespace facerec
