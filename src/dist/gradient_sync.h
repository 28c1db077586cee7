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
  // Parameters that every process has. They are made equal to the first process's; those that require gradients are
  // averaged. Nothing is done with one process. `world` outlives this.
  GradientSync(const std::vector<std::pair<std::string, at::Tensor>>& parameters, const World& world);
  ~GradientSync();
  GradientSync(const GradientSync&) = delete;
  GradientSync& operator=(const GradientSync&) = delete;

  // Before the backward pass that begins at `outputs` and reaches every parameter; without it the gradients only
  // accumulate here, for a later pass. After that pass the gradients are the means over the processes, and lie in the
  // buckets that were sent, not beside them. Dropping them with mutable_grad().reset() is right; so is zero_() in
  // place, which saves accumulation a second copy. torch::optim's zero_grad() is not: it detaches, which such views
  // refuse.
  void prepare(const std::vector<at::Tensor>& outputs);

  // In place of loss.backward(): what goes wrong between the processes leaves as World's Error.
  void backward(const at::Tensor& loss);

  // For a backward pass that reached only some of the parameters, the same ones everywhere: those are averaged now.
  void average_now();

 private:
  void listen_behind(const at::Tensor& loss) const;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facerec
