// Batch normalisation over the images of all processes, as torch.nn.SyncBatchNorm: the batch of one process alone may
// be too small for its statistics.
#pragma once

#include <torch/torch.h>

#include "facerec/dist/world.h"

namespace facerec {

// From now on the layers::BatchNorm of the module take their statistics, while they train, over all processes; these
// may have different numbers of images. In evaluation, and with one process, nothing changes. The gradients of weights
// and biases are those of a process's own images: GradientSync averages them with the others. `world` outlives the
// training.
void synchronise_batch_norms(torch::nn::Module& module, const World& world);

struct BatchNormState {
  torch::Tensor weight, bias;               // [C], or undefined
  torch::Tensor running_mean, running_var;  // [C]; moved by `momentum`, the variance unbiased over all images
  double momentum, eps;
};

// x [N,C,…] of this process, N ≥ 0; statistics in fp32 at least. One exchange of 2C + 1 numbers in the forward pass, a
// sum of 2C in the backward pass.
torch::Tensor sync_batch_norm(const torch::Tensor& x, const BatchNormState& state, const World& world);

}  // namespace facerec
