// RCAN, the super-resolution of Zhang et al. 2018 ("Image Super-Resolution Using Very Deep Residual Channel Attention
// Networks"), under the names of its published code (yulunzhang/RCAN, on EDSR-PyTorch).
#pragma once

#include "facerec/core/files.h"
#include "model/super_resolution.h"

namespace facerec {

// The published sizes.
struct RcanLayout {
  int64_t groups = 10, blocks = 20;  // residual groups, and blocks in each
  int64_t features = 64;
  int64_t attention = 4;  // features between the two layers of channel attention: features / 16
  int64_t scale = 4;      // 2, 3, 4 or 8
};

// Weights are left as the allocator gave them; on the meta device there are none. The two layers that take the mean of
// DIV2K's colours away and add it again do not learn.
std::shared_ptr<SuperResolutionNetwork> make_rcan(const RcanLayout& layout, torch::Device device = torch::kCPU);

inline constexpr const char* rcan_mark = "body.0.body.0.body.3.conv_du.0.weight";

// What the keys say; every shape is to be compared with it afterwards. Throws an Error naming the file for sizes that
// cannot be.
RcanLayout rcan_layout(const TensorMap& tensors, const fs::path& path);

}  // namespace facerec
