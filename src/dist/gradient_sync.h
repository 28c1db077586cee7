// The mean of gradients over the processes, taken while the backward pass still runs: c10d's Reducer.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "facerec/dist/world.h"

namespace facerec {

class GradientSync {
 public:
  // Parameters that every process has. They are made equal to the first process's. Nothing is done with one process.
  GradientSync(const std::vector<std::pair<std::string, at::Tensor>>& parameters, const World& world);
  ~GradientSync();
  GradientSync(const GradientSync&) = delete;
  GradientSync& operator=(const GradientSync&) = delete;

  // Before the backward pass that begins at `outputs` and reaches every parameter; without it the gradients only
  // accumulate here, for a later pass. After that pass the gradients are the means over the processes.
  void prepare(const std::vector<at::Tensor>& outputs);

  // For a backward pass that reached only some of the parameters: those are averaged now.
  void average_now();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facerec
