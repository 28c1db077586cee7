// An objective in training: the optimizer of its parts, and one step of it.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "facerec/data/loader.h"
#include "facerec/train/config.h"
#include "facerec/train/optimizer.h"
#include "train/objective.h"

namespace facerec {

class Learner {
 public:
  Learner(const TrainConfig& config, const TaskData& data, torch::Device device, const Numerics& numerics);

  struct Step {
    double loss;
    std::vector<std::pair<std::string, double>> terms;  // what the loss is the sum of
    bool finite;                                        // false: nothing was changed
  };

  // One optimizer step over the batches, whose losses are averaged.
  Step step(const std::vector<Batch>& batches, double lr, bool head_only);

  Objective& objective() const { return *objective_; }
  NamedTensors optimizer_state() const { return optimizer_->state(); }
  torch::Device device() const { return device_; }

 private:
  void set_mode(bool head_only);
  void add_losses(const Batch& batch, double weight, bool head_only, Step& step);
  double clip();

  TrainConfig config_;
  torch::Device device_;
  Numerics numerics_;
  std::unique_ptr<Objective> objective_;
  std::vector<Part> parts_;
  std::vector<std::shared_ptr<torch::nn::Module>> still_;  // in evaluation mode while the network trains
  std::vector<torch::Tensor> buffers_;
  std::unique_ptr<Optimizer> optimizer_;
};

// The module of the part of this name; null: there is none.
std::shared_ptr<torch::nn::Module> find_part(const Objective& objective, const std::string& name);

// "auto" resolved: the precision from what the device computes natively, the memory format by timing a few steps of a
// model of this configuration in both (channels_first when the run is to be deterministic).
Numerics decide_numerics(const TrainConfig& config, const TaskData& data, torch::Device device);

}  // namespace facerec
