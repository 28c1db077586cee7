// A training step as a CUDA graph: its kernels are recorded once and launched together, which spares the host.
#pragma once

#include <c10/core/Stream.h>
#include <torch/torch.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "facerec/train/config.h"
#include "train/device_graph.h"

namespace facerec {

// Throws a usage Error with the key train.cuda_graph where steps of this training differ in shape or wait for the host.
void check_recordable(const TrainConfig& config, int64_t processes);

class StepGraph {
 public:
  using Inputs = std::vector<torch::Tensor>;
  using Body = std::function<void(const Inputs&)>;

  explicit StepGraph(torch::Device device) : device_(device) {}

  // body() with copies of the inputs, which lie in the same memory every time. The first `warm_up` calls call it, the
  // next one records it, and from then on what it did on the device is done again: its results are in the tensors of
  // that call. Inputs of other sizes begin anew. On the CPU every call calls it.
  void run(const Inputs& inputs, const Body& body);

  static constexpr int warm_up = 3;  // as torch.cuda.make_graphed_callables

 private:
  void keep(const Inputs& inputs);
  void record(const Body& body);
  void run_on_stream(const Body& body);

  torch::Device device_;
  Inputs kept_;
  int calls_ = 0;
  std::optional<c10::Stream> stream_;  // recording needs one that is not the default one
  std::unique_ptr<DeviceGraph> graph_;
};

}  // namespace facerec
