// The first weights of networks and heads, drawn from LibTorch's default generator.
#pragma once

#include <torch/torch.h>

namespace facerec {

// BatchNorm and LayerNorm (1, 0) and PReLU (0.25) are as their constructors left them; these draw the weights of Conv
// and Linear. Biases stay 0 unless something else is said.
void initialise_xavier(torch::nn::Module& network);        // uniform
void initialise_kaiming(torch::nn::Module& network);       // normal, fan out
void initialise_kaiming_conv(torch::nn::Module& network);  // Conv: the same; Linear: as initialise_default
void initialise_normal_conv(torch::nn::Module& network);   // Conv: normal, 0.1; Linear: as initialise_default
void initialise_default(torch::nn::Module& network);       // what torch.nn draws when nothing else is said, biases too
void initialise_vit(torch::nn::Module& network);           // Linear and the network's own parameters: normal, 0.02

}  // namespace facerec
