// ESPCN, the super-resolution of Shi et al. 2016 ("Real-Time Single Image and Video Super-Resolution Using an Efficient
// Sub-Pixel Convolutional Neural Network"): three convolutions at the small size, the last of which gives scale² images
// that are interleaved. On three colours, under the names of yjn870/ESPCN-pytorch, which computes with values of 0 … 1.
#pragma once

#include "facerec/core/files.h"
#include "model/super_resolution.h"

namespace facerec {

// The published sizes.
struct EspcnLayout {
  int64_t features = 64;  // of the first layer
  int64_t hidden = 32;    // of the second
  int64_t scale = 4;      // 2 … 8
};

// Weights are left as the allocator gave them; on the meta device there are none.
std::shared_ptr<SuperResolutionNetwork> make_espcn(const EspcnLayout& layout, torch::Device device = torch::kCPU);

inline constexpr const char* espcn_mark = "first_part.0.weight";

// As rcan_layout().
EspcnLayout espcn_layout(const TensorMap& tensors, const fs::path& path);

}  // namespace facerec
