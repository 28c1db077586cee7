// A model in training: backbone, head and optimizer, and one step of them.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "facerec/data/loader.h"
#include "facerec/model/backbone.h"
#include "facerec/model/head.h"
#include "facerec/train/config.h"
#include "facerec/train/optimizer.h"

namespace facerec {

// How the computation is done, decided once a run and stored with it.
struct Numerics {
  std::string precision;      // fp32 | bf16
  std::string memory_format;  // channels_first | channels_last
};

class Learner {
 public:
  // Weights are drawn from LibTorch's default generator, backbone first.
  Learner(const TrainConfig& config, int64_t classes, torch::Device device, const Numerics& numerics);

  struct Step {
    double loss;
    bool finite;  // false: nothing was changed
  };

  // One optimizer step over the batches, whose losses are averaged.
  Step step(const std::vector<Batch>& batches, double lr, bool head_only);

  std::shared_ptr<Backbone> backbone() const { return backbone_; }
  std::shared_ptr<Head> head() const { return head_; }
  NamedTensors optimizer_state() const { return optimizer_->state(); }
  torch::Device device() const { return device_; }

 private:
  void set_mode(bool head_only);
  double forward_backward(const Batch& batch, double weight, bool head_only);
  torch::Tensor embed(const Batch& batch, bool head_only);

  TrainConfig config_;
  torch::Device device_;
  Numerics numerics_;
  std::shared_ptr<Backbone> backbone_;
  std::shared_ptr<Head> head_;
  std::vector<torch::Tensor> backbone_parameters_, head_parameters_, buffers_;
  std::unique_ptr<Optimizer> optimizer_;
};

// "auto" resolved: the precision from what the device computes natively, the memory format by timing a few steps of a
// model of this configuration in both (channels_first when the run is to be deterministic).
Numerics decide_numerics(const TrainConfig& config, torch::Device device);

}  // namespace facerec
