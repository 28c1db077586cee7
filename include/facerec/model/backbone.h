// Backbones: from a batch of images to embeddings.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "facerec/model/config.h"
#include "facerec/model/spec.h"

namespace facerec {

// Module and parameter names are those of the published code that the network comes from, so that its checkpoints load
// by key.
class Backbone : public torch::nn::Module {
 public:
  // x [N,3,height,width], preprocessed; returns [N,embedding_size], not normalised.
  virtual torch::Tensor forward(torch::Tensor x) = 0;

  // Gradient checkpointing: training then keeps only what enters each block, and computes the inside again for the
  // gradient, which stays the same. Less memory for a third more time.
  virtual void checkpoint_blocks();

  const ModelSpec& spec() const { return spec_; }

 protected:
  explicit Backbone(ModelSpec spec) : spec_(std::move(spec)) {}

 private:
  ModelSpec spec_;
};

// What the published network returns for x: forward(), brought to length 1 where its spec says so.
torch::Tensor published_output(Backbone& backbone, const torch::Tensor& x);

// Builds the backbone that `config.name` names, with weights drawn from LibTorch's default generator. Throws a usage
// Error that lists the known names, or when the input size or max_parameters does not fit.
std::shared_ptr<Backbone> make_backbone(const ModelConfig& config);
std::vector<std::string> backbone_names();

// What the published weights of an architecture expect, its image size included. Throws like make_backbone.
Preprocess published_preprocess(const std::string& architecture);

// The least side of the images that an architecture takes: of smaller ones its last feature map would have nothing.
// Throws like make_backbone.
int64_t smallest_input(const std::string& architecture);

// The registry's entry as configuration and the preprocessing it stands for.
ModelSpec spec_of(const ModelConfig& config);

int64_t count_parameters(const torch::nn::Module& module);
int64_t count_parameters(const ModelSpec& spec);  // without building it in memory

}  // namespace facerec
