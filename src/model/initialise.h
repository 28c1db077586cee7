// The first weights of networks and heads, drawn from LibTorch's default generator.
#pragma once

#include <torch/torch.h>

namespace facerec {

// BatchNorm (1, 0) and PReLU (0.25) are as their constructors left them; these draw the weights of Conv and Linear.
void initialise_xavier(torch::nn::Module& network);   // uniform, biases 0
void initialise_kaiming(torch::nn::Module& network);  // Conv: normal, fan out; Linear: as initialise_default
void initialise_default(torch::nn::Module& network);  // what torch.nn draws when nothing else is said

}  // namespace facerec
