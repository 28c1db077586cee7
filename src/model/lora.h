// Low-rank adaptation (Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models"): the trained weight W
// stays as it is, and what learns is a product of two small matrices beside it, W + alpha/rank · B·A.
//
// A convolution's weight [out, in/groups, h, w] counts as the matrix [out, in/groups·h·w], as in Hugging Face's peft;
// so convolutions of any kernel and any number of groups can be adapted.
#pragma once

#include <string>
#include <vector>

#include "facerec/model/backbone.h"
#include "facerec/model/weights.h"

namespace facerec {

// Gives an addition to each linear layer and convolution of the backbone whose weight learns (requires_grad) and whose
// name is one of `parts` or below one; no parts: everywhere. The factors join the backbone's parameters. A layer
// smaller than `rank`, as those of squeeze-and-excitation are, gets the largest rank that it can have. Throws a usage
// Error with the key of the configuration when a part is unknown or holds no such layer, or no layer is large enough
// for `rank`.
void add_lora(Backbone& backbone, int64_t rank, double alpha, const std::vector<std::string>& parts);

// Of adapted layers the weight and the factors: "fc.weight", "fc.lora_A", "fc.lora_B". With the merged weights of a
// model file this is what a training needs to go on in the same bits. The tensors are the backbone's own.
NamedTensors lora_state(const Backbone& backbone);

// state_dict() with the additions in the weights: what a backbone computes with. The tensors of layers without an
// addition are the backbone's own.
NamedTensors merged_state_dict(const Backbone& backbone);

// Whether a parameter of this name, without its module's, is a factor.
bool is_lora_factor(const std::string& name);

}  // namespace facerec
