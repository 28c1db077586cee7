// Task identity: a backbone whose embeddings a head classifies, further losses on the embeddings, and a teacher that it
// follows.
#pragma once

#include "facerec/model/loss.h"
#include "train/backbone_objective.h"
#include "train/partial_fc.h"
#include "train/teacher.h"

namespace facerec {

class IdentityObjective final : public BackboneObjective {
 public:
  IdentityObjective(const TrainConfig& config, int64_t classes, const Compute& compute);

  // "backbone", "head" (none when the classification weighs nothing) and one of its name for each metric loss.
  std::vector<Part> parts() const override;
  std::vector<torch::Tensor> inputs(const Batch& batch) const override;  // pixels, labels
  void begin_step(const std::vector<DeviceBatch>& batches) override;
  std::vector<LossTerm> losses(const DeviceBatch& batch, bool head_only) override;
  std::vector<Figure> figures() const override;
  std::vector<SampledRows> sampled() const override;

 private:
  struct WeighedLoss {
    std::string kind;
    std::string name;  // "triplet", a second one "triplet_2"
    double weight;
    std::shared_ptr<MetricLoss> loss;
  };

  torch::Tensor labels_of_all(const DeviceBatch& batch) const;
  std::vector<LossTerm> distillation(const torch::Tensor& pixels, const torch::Tensor& embeddings);

  std::unique_ptr<PartialFC> classifier_;  // null: the classification weighs nothing
  std::vector<WeighedLoss> metric_;
  std::unique_ptr<Teacher> teacher_;
};

}  // namespace facerec
