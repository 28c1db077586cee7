// What a step takes from the host, brought to the device.
#pragma once

#include <torch/torch.h>

namespace facerec {

// `host` on the device; itself on the CPU. To a GPU it is copied from pinned memory on a stream of its own, while the
// GPU still computes what came before and without the host's waiting for it.
torch::Tensor to_device(const torch::Tensor& host, torch::Device device);

}  // namespace facerec
