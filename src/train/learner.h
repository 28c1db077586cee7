// An objective in training: the optimizer of its parts, and one step of it.
#pragma once

#include <c10/core/Event.h>
#include <torch/torch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dist/gradient_sync.h"
#include "facerec/data/loader.h"
#include "facerec/train/config.h"
#include "facerec/train/optimizer.h"
#include "train/loss_scale.h"
#include "train/objective.h"
#include "train/step_graph.h"

namespace facerec {

class Learner {
 public:
  Learner(const TrainConfig& config, const TaskData& data, const Compute& compute);

  struct Step {
    double loss = 0;
    std::vector<std::pair<std::string, double>> terms;    // what the loss is the sum of
    std::vector<std::pair<std::string, double>> figures;  // those of the objective, and gradient_norm
    bool finite = true;                                   // false: nothing was changed
  };

  // What a step gives, which the device may still be computing.
  class Launched {
   public:
    Step read() const;  // waits until the device has come that far

   private:
    friend class Learner;
    std::vector<std::string> terms_, figures_;
    void fetch();                        // behind what is launched, and before what will be
    torch::Tensor values_;               // float64: terms, figures, norms
    std::shared_ptr<c10::Event> there_;  // null: the values are
  };

  // One optimizer step over the batches, whose losses are averaged; of several processes each brings its images of the
  // batches. Does not wait for a GPU.
  Launched launch(const std::vector<Batch>& batches, double lr, bool head_only);
  Step step(const std::vector<Batch>& batches, double lr, bool head_only) {
    return launch(batches, lr, head_only).read();
  }

  Objective& objective() const { return *objective_; }
  NamedTensors optimizer_state() const;
  torch::Device device() const { return compute_.device; }
  const World& world() const { return compute_.world; }

 private:
  void set_mode(bool head_only);
  Launched compute(const std::vector<DeviceBatch>& batches, bool head_only);
  Launched replay(const std::vector<DeviceBatch>& batches);
  void add_gradients(const DeviceBatch& batch, double weight, bool head_only, bool last);
  Launched collect(const std::vector<SampledRows>& sampled);
  void restore_unless(const torch::Tensor& finite, const std::vector<torch::Tensor>& before);

  TrainConfig config_;
  Compute compute_;
  std::unique_ptr<Objective> objective_;
  std::vector<Part> parts_;
  std::vector<std::shared_ptr<torch::nn::Module>> still_;  // in evaluation mode while the network trains
  std::vector<torch::Tensor> buffers_;
  std::unique_ptr<Optimizer> optimizer_;
  LossScale loss_scale_;
  std::unique_ptr<GradientSync> sync_;
  std::unique_ptr<StepGraph> graph_;  // null: steps are not recorded
  Launched recorded_;
  std::vector<std::string> term_names_;
  torch::Tensor terms_;  // of the step under way
};

// The module of the part of this name; null: there is none.
std::shared_ptr<torch::nn::Module> find_part(const Objective& objective, const std::string& name);

// "auto" resolved: the precision from what the device computes natively, the memory format by timing a few steps of a
// model of this configuration in both (channels_first when the run is to be deterministic). Of several processes the
// first decides.
Numerics decide_numerics(const TrainConfig& config, const TaskData& data, torch::Device device, const World& world);

}  // namespace facerec
