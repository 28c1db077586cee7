// PReLU whose gradient is computed in one pass over the images.
#pragma once

#include <torch/torch.h>

namespace facerec {

// torch::prelu of x [N,C,H,W] with a slope a channel, fp32 whatever x is. ATen's gradient on CPUs writes a product for
// each element before it sums them, without vectors: a quarter of a bf16 step of arcface_torch's MobileFaceNet. Here
// fp32 and bf16 images on a CPU have a gradient of their own; that of the slopes is summed in fp32.
torch::Tensor channel_prelu(const torch::Tensor& x, const torch::Tensor& slopes);

}  // namespace facerec
