// Task identity: a backbone whose embeddings a head classifies, further losses on the embeddings, and a teacher that it
// follows.
#pragma once

#include "facerec/model/head.h"
#include "facerec/model/loss.h"
#include "train/backbone_objective.h"
#include "train/teacher.h"

namespace facerec {

class IdentityObjective final : public BackboneObjective {
 public:
  IdentityObjective(const TrainConfig& config, int64_t classes, torch::Device device, const Numerics& numerics);

  // "backbone", "head" (none when the classification weighs nothing) and one of its name for each metric loss.
  std::vector<Part> parts() const override;
  std::vector<LossTerm> losses(const Batch& batch, bool head_only) override;

 private:
  struct WeighedLoss {
    std::string name;  // "triplet", a second one "triplet_2"
    double weight;
    std::shared_ptr<MetricLoss> loss;
  };

  std::vector<LossTerm> distillation(const torch::Tensor& pixels, const torch::Tensor& embeddings);

  std::shared_ptr<Head> head_;
  std::vector<WeighedLoss> metric_;
  std::unique_ptr<Teacher> teacher_;
};

}  // namespace facerec
