// Task attributes: a backbone whose embedding tells several labelled properties of an image at once, each by a linear
// classifier: the pretext model of a face model (expression, camera angle).
#pragma once

#include "train/backbone_objective.h"

namespace facerec {

class AttributesObjective final : public BackboneObjective {
 public:
  AttributesObjective(const TrainConfig& config, std::vector<Attribute> attributes, const Compute& compute);

  // "backbone" and "head", whose parameters are "<attribute>.weight" [values, embedding size] and "<attribute>.bias".
  std::vector<Part> parts() const override;

  std::vector<torch::Tensor> inputs(const Batch& batch) const override;  // pixels, labels of each attribute

  // The cross entropy of each attribute, over the images whose value is known.
  std::vector<LossTerm> losses(const DeviceBatch& batch, bool head_only) override;

  // The share of images whose attribute is told right, for each that is known of any image.
  std::vector<ValidationScore> validate(const HeldOutSet& set) override;

 private:
  std::vector<torch::Tensor> logits(const torch::Tensor& embeddings);

  std::vector<Attribute> attributes_;
  std::shared_ptr<torch::nn::Module> classifiers_ = std::make_shared<torch::nn::Module>("classifiers");
  std::vector<torch::nn::Linear> heads_;  // of the attributes, in their order
};

}  // namespace facerec
