// RCAN, the super-resolution of Zhang et al. 2018 ("Image Super-Resolution Using Very Deep Residual Channel Attention
// Networks"), under the names of its published code (yulunzhang/RCAN, on EDSR-PyTorch).
#pragma once

#include <torch/torch.h>

#include <memory>

#include "facerec/io/tensor_file.h"

namespace facerec {

// The published sizes.
struct RcanLayout {
  int64_t groups = 10, blocks = 20;  // residual groups, and blocks in each
  int64_t features = 64;
  int64_t attention = 4;  // features between the two layers of channel attention: features / 16
  int64_t scale = 4;      // 2, 3, 4 or 8

  bool operator==(const RcanLayout&) const = default;
};

class Rcan : public torch::nn::Module {
 public:
  // x [N,3,H,W], RGB of 0 … 255; returns [N,3,scale·H,scale·W] of the same range, not clamped.
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

// Weights are left as the allocator gave them; on the meta device there are none.
std::shared_ptr<Rcan> make_rcan(const RcanLayout& layout, torch::Device device = torch::kCPU);

// The network of a file in evaluation mode, in fp32 on the CPU, and its sizes. Throws an Error naming the file and what
// is missing, unexpected or of another shape, when it holds no RCAN.
struct LoadedRcan {
  RcanLayout layout;
  std::shared_ptr<Rcan> network;
};
LoadedRcan load_rcan(const TensorFile& file);

}  // namespace facerec
