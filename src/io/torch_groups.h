// From the tree of a PyTorch pickle to groups of tensors.
#pragma once

#include "facerec/io/tensor_file.h"
#include "io/pickle.h"
#include "io/torch_tensor.h"

namespace facerec {

// What the pickles of PyTorch may call.
std::span<const pickle::Callable> torch_callables();

// Fills groups and metadata of `out`, whose format is set. `file_size` bounds what tensors may claim. Throws Error when
// there are no tensors, or one is damaged.
void collect_torch_tensors(const pickle::Tree& tree, const TorchStorageReader& read, uint64_t file_size,
                           TensorFile& out);

// For errors about files whose weights cannot be had.
inline constexpr const char* torch_save_hint =
    "in Python, save the weights alone: torch.save(model.state_dict(), \"weights.pth\")";

}  // namespace facerec
