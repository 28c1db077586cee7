// Task super_resolution: small images made large. Patches of the training images are reduced as evaluation reduces
// (reduce() of image/degrade.h), and the network is to give the patches again: mean absolute difference of values
// 0 … 255, as RCAN was trained (Zhang et al. 2018, after EDSR).
#pragma once

#include <torch/torch.h>

#include <memory>

#include "facerec/model/device.h"
#include "model/super_resolution.h"
#include "train/objective.h"
#include "train/super_resolution_scores.h"

namespace facerec {

class SuperResolutionObjective final : public Objective {
 public:
  // With the first weights of a training. Throws a usage Error with the key of the configuration for a scale that there
  // is not, a patch that is no multiple of it, and keys of `train` that ask for parts which this network does not have.
  SuperResolutionObjective(const TrainConfig& config, const Compute& compute);

  // One part, "network".
  std::vector<Part> parts() const override { return {{"network", network_}}; }

  // Batches of patch × patch pixels; labels do not matter.
  std::vector<torch::Tensor> inputs(const Batch& batch) const override;  // small patches, the patches
  std::vector<LossTerm> losses(const DeviceBatch& batch, bool head_only) override;

  // network.safetensors, which `eval --super-resolve` takes. Its metadata: architecture (rcan | espcn), scale, and the
  // run's configuration.
  std::vector<TensorsToSave> network_files(const nlohmann::ordered_json& config) const override;
  void load(const fs::path& folder) override;

  // The weights of any file that holds such a network, of the same sizes; throws a usage Error with the key init_from
  // when it holds another.
  void start_from(const fs::path& file) override;

  std::vector<ValidationScore> validate(const HeldOutSet& set) override {
    return super_resolution_scores(*network_, *set.images);
  }

  SuperResolutionNetwork& network() const { return *network_; }

 private:
  SuperResolutionConfig config_;
  Compute compute_;
  std::shared_ptr<SuperResolutionNetwork> network_;
};

}  // namespace facerec
