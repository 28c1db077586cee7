// What heads and losses compute in: fp32 at least, whatever autocast says. bf16 cannot tell cosines near 1 apart.
#pragma once

#include <torch/torch.h>

namespace facerec {

// While it lives, autocast leaves operators alone.
struct WithoutAutocast {
  c10::impl::ExcludeDispatchKeyGuard guard{c10::autocast_dispatch_keyset};
};

inline torch::ScalarType precision_of(const torch::Tensor& x) {
  return x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
}

// Rows of zero length stay so, with gradients of at most 1e12.
inline torch::Tensor unit_rows(const torch::Tensor& x) { return x / x.norm(2, {1}, true).clamp_min(1e-12); }

}  // namespace facerec
