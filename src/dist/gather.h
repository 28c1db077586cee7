// Rows of all processes, with gradients for backbones whose gradients are averaged over the processes afterwards (as
// GradientSync does): therefore each factor `size` below.
#pragma once

#include <ATen/core/Tensor.h>

#include "facerec/dist/world.h"

namespace facerec {

// For what every process then computes alike from all rows: the gradient of a process's own rows, times size.
at::Tensor gather_for_all(const at::Tensor& rows, int64_t total, const World& world);

// For what every process then computes a part of: the sum over the processes of the gradients of its rows, times size
// (PartialFC_V2's AllGatherFunc).
at::Tensor gather_for_parts(const at::Tensor& rows, int64_t total, const World& world);

}  // namespace facerec
