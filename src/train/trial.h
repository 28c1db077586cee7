// Trials of a training before it begins: how fast it is, and how much memory it takes.
#pragma once

#include <ATen/Context.h>
#include <torch/torch.h>

#include "train/objective.h"

namespace facerec {

inline constexpr int64_t trial_classes = 2;

// So many grey images of the size that the task reads, of trial_classes identities.
Batch trial_batch(const TrainConfig& config, int64_t images);

// While it lives, random numbers are drawn from a copy: a trial must not move those of the run.
class KeepGenerator {
 public:
  explicit KeepGenerator(torch::Device device)
      : generator_(at::globalContext().defaultGenerator(device)), state_(generator_.get_state()) {}
  ~KeepGenerator() { generator_.set_state(state_); }
  KeepGenerator(const KeepGenerator&) = delete;
  KeepGenerator& operator=(const KeepGenerator&) = delete;

 private:
  at::Generator generator_;
  torch::Tensor state_;
};

}  // namespace facerec
