#include "train/backbone_objective.h"

#include "facerec/config/config.h"
#include "facerec/model/device.h"
#include "facerec/model/weights.h"
#include "model/lora.h"
#include "model/metadata.h"
#include "train/take_up.h"

namespace facerec {
namespace {

const char* const backbone_file = "backbone.safetensors";  // as others use it: with what LoRA adds
const char* const lora_file = "lora-00000-of-00001.safetensors";

}  // namespace

BackboneObjective::BackboneObjective(const TrainConfig& config, const Compute& compute)
    : config_(config), compute_(compute), backbone_(make_backbone(config.model)) {}

torch::Tensor BackboneObjective::embed(const torch::Tensor& pixels, bool head_only) {
  const torch::AutoGradMode gradients(!head_only && torch::GradMode::is_enabled());
  return backbone_->forward(normalise(pixels, backbone_->spec().preprocess, memory_format_of(compute_.numerics)));
}

std::vector<TensorsToSave> BackboneObjective::network_files(const nlohmann::ordered_json& config) const {
  Metadata metadata = metadata_of(backbone_->spec());
  metadata.emplace("configuration", to_json_text(config));
  std::vector<TensorsToSave> files{{backbone_file, merged_state_dict(*backbone_), std::move(metadata)}};
  const NamedTensors additions = lora_state(*backbone_);
  if (!additions.empty()) files.push_back({lora_file, additions, {}});
  return files;
}

void BackboneObjective::start_from(const fs::path& file) { take_up_backbone(file, *backbone_); }

void BackboneObjective::load(const fs::path& folder) {
  load_into(state_dict(*backbone_), SafetensorsFile(folder / backbone_file));
  const NamedTensors additions = lora_state(*backbone_);
  if (!additions.empty()) load_into(additions, SafetensorsFile(folder / lora_file));
}

}  // namespace facerec
