// Gradient checkpointing (Chen et al. 2016, 1604.06174): a layer keeps only its input, and computes its inside again
// for the gradient.
#pragma once

#include "model/layers.h"

namespace facerec {

// This thread computes a layer again: nothing may change that the first pass has changed already.
bool is_recomputing();

namespace layers {

// A unit of a backbone: what Backbone::checkpoint_blocks makes to be computed twice. Its own modules hold all
// parameters that it uses.
//
// The second pass sees what the first one saw: autocast, and the random numbers of dropout. The gradients are those of
// the plain layer; they reach parameters once, from one node of the graph, so that a Reducer can listen.
class Recomputable : public Layer {
 public:
  torch::Tensor forward(const torch::Tensor& x) final;
  void recompute_for_gradient() { recomputes_ = true; }

 protected:
  virtual torch::Tensor compute(const torch::Tensor& x) = 0;

 private:
  friend class RecomputeFunction;
  bool recomputes_ = false;
};

}  // namespace layers
}  // namespace facerec
