// What of a backbone learns: train.freeze, train.tune and train.lora.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "facerec/model/backbone.h"
#include "facerec/train/config.h"

namespace facerec {

// Afterwards requires_grad is set for what learns alone:
//   full   everything outside `freeze`
//   norm   weights and biases of BatchNorm and LayerNorm outside it, whose statistics move on
//   lora   additions (model/lora.h) to linear layers and convolutions outside it; nothing else
// Returns the modules that stay in evaluation mode while the others train: those below `freeze` and, for lora, the
// normalisation layers. To be called once, before the optimizer is made. Throws a usage Error with the key of the
// configuration for a part that the backbone does not have, and where nothing is left for norm or lora to tune.
std::vector<std::shared_ptr<torch::nn::Module>> choose_learnt(Backbone& backbone, const LoopConfig& config);

}  // namespace facerec
