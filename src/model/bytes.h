// Tensors as the bytes of a .safetensors file.
#pragma once

#include <torch/torch.h>

#include <string>

#include "facerec/io/safetensors.h"

namespace facerec {

// The format's name of a type, or "" when it has none.
std::string dtype_name(torch::ScalarType type);

// Whether a type of the format is one that weights may have: F64, F32, F16 or BF16.
bool is_float(const std::string& dtype);

// A copy on the CPU whose bytes are row-major, or the tensor itself where it is that already.
torch::Tensor row_major(const torch::Tensor& tensor);

// REQUIRES: `tensor` came from row_major() and outlives the view.
TensorView view_of(const torch::Tensor& tensor);

// A tensor over the view's bytes, copied only where they are not aligned. Valid as long as the file is open.
torch::Tensor tensor_of(const TensorView& view);

// "[64, 3, 3, 3]"
std::string shape_text(torch::IntArrayRef shape);

}  // namespace facerec
