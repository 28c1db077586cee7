// What the tasks that train a backbone have in common.
#pragma once

#include "train/objective.h"

namespace facerec {

class BackboneObjective : public Objective {
 public:
  std::vector<TensorsToSave> network_files(const nlohmann::ordered_json& config) const override;
  void load(const fs::path& folder) override;
  void start_from(const fs::path& file) override;
  std::shared_ptr<Backbone> backbone() const override { return backbone_; }

 protected:
  BackboneObjective(const TrainConfig& config, const Compute& compute);

  // uint8 [N,H,W,3]
  torch::Tensor pixels_of(const Batch& batch) const { return facerec::pixels_of(batch, config_.model.input); }

  // Embeddings [N,E] of such pixels on the device.
  torch::Tensor embed(const torch::Tensor& pixels, bool head_only);

  TrainConfig config_;
  Compute compute_;
  std::shared_ptr<Backbone> backbone_;
};

}  // namespace facerec
