// SGD, Adam and AdamW over LibTorch's fused kernels, with state that is a list of named tensors.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "facerec/model/head.h"
#include "facerec/model/weights.h"
#include "facerec/train/config.h"

namespace facerec {

// Which parameters share a weight decay and a learning-rate factor.
struct ParameterGroup {
  NamedTensors parameters;
  double weight_decay = 0;
  double lr_factor = 1;
};

// Splits the parameters that learn by what the configuration says of decay: norm layers and biases, PReLU slopes,
// weights. Names get `prefix` ("backbone.") in front. A parameter of one dimension is a norm's weight when
// "running_mean" or "bias" stands beside it, a bias when its name says so, else a PReLU slope.
std::vector<ParameterGroup> parameter_groups(const torch::nn::Module& module, const std::string& prefix,
                                             const OptimizerConfig& config, double lr_factor);

class Optimizer {
 public:
  Optimizer(OptimizerConfig config, const std::vector<ParameterGroup>& groups);

  // The learning rate of the steps to come; groups multiply it with their factor.
  void set_rate(double lr);

  // One update with the gradients at hand; parameters without one are left alone. skipped: float [] on the device of
  // the parameters, 1: nothing is changed; undefined: 0. sampled: of these parameters the given rows alone are updated,
  // with the gradients of the copies, and so are their momenta.
  void step(const torch::Tensor& skipped = {}, const std::vector<SampledRows>& sampled = {});

  void zero_grad();

  // Momentum buffers or moments by "<kind>.<parameter>", e.g. "momentum.backbone.fc.weight": saved with a checkpoint,
  // and overwritten in place by what a checkpoint holds.
  NamedTensors state() const;

 private:
  struct Slot {
    torch::Tensor parameter, first, second, steps;  // sgd: momentum, unless it is 0; else mean, square, count
    std::string name;
  };
  struct Group {
    std::vector<Slot> slots;
    double weight_decay, lr_factor;
    double rate = 0;
    torch::Tensor rate_on_device = {};  // on a GPU in its place: a recorded step reads it anew
  };

  void step_group(Group& group, const torch::Tensor& skipped, const std::vector<SampledRows>& sampled);

  OptimizerConfig config_;
  std::vector<Group> groups_;
};

// Scales the gradients so that their common L2 norm is at most max_norm (0: no limit), as torch's clip_grad_norm_ does:
// factor max_norm/(norm + 1e-6). Returns the norm before, a scalar on their device; a GPU is not waited for.
torch::Tensor clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm);

}  // namespace facerec
