// The parts of c10d whose interfaces change from one release of LibTorch to the next: Gloo's group (backends.h),
// Reducer.
#pragma once

#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>
#include <unordered_map>
#include <vector>

namespace facerec {

// Averages the gradients of `parameters` in buckets, as large as those of torch.nn.parallel.DistributedDataParallel;
// `names` by their places.
std::unique_ptr<c10d::Reducer> make_reducer(const std::vector<at::Tensor>& parameters,
                                            const std::unordered_map<size_t, std::string>& names,
                                            const c10::intrusive_ptr<c10d::ProcessGroup>& group);

}  // namespace facerec
