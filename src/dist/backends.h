// What carries the tensors.
#pragma once

#include <chrono>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace facerec {

// For tensors on the CPU, over the interfaces that GLOO_SOCKET_IFNAME names, else the one of this machine's name, else
// the loopback.
c10::intrusive_ptr<c10d::Backend> make_gloo(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                            std::chrono::milliseconds timeout);

// For tensors on the current GPU. LibTorch's CUDA libraries are open. Throws an Error where facerec was built without
// it.
c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                            std::chrono::milliseconds timeout);

}  // namespace facerec
