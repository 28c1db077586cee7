#include "train/backbone_objective.h"

#include "facerec/config/config.h"
#include "facerec/model/device.h"
#include "facerec/model/weights.h"
#include "model/lora.h"
#include "train/take_up.h"

namespace facerec {
namespace {

const char* const backbone_file = "backbone.safetensors";  // as others use it: with what LoRA adds
const char* const lora_file = "lora-00000-of-00001.safetensors";

}  // namespace

BackboneObjective::BackboneObjective(const TrainConfig& config, torch::Device device, const Numerics& numerics)
    : config_(config), device_(device), numerics_(numerics), backbone_(make_backbone(config.model)) {}

torch::Tensor BackboneObjective::embed(const torch::Tensor& pixels, bool head_only) {
  const torch::AutoGradMode gradients(!head_only && torch::GradMode::is_enabled());
  return backbone_->forward(normalise(pixels, backbone_->spec().preprocess, memory_format_of(numerics_)));
}

void BackboneObjective::save(const fs::path& folder, const nlohmann::ordered_json& config) const {
  save_backbone(folder / backbone_file, *backbone_, {{"configuration", to_json_text(config)}});
  const NamedTensors additions = lora_state(*backbone_);
  if (!additions.empty()) save_tensors(folder / lora_file, additions);
}

void BackboneObjective::start_from(const fs::path& file) { take_up_backbone(file, *backbone_); }

void BackboneObjective::load(const fs::path& folder) {
  load_into(state_dict(*backbone_), SafetensorsFile(folder / backbone_file));
  const NamedTensors additions = lora_state(*backbone_);
  if (!additions.empty()) load_into(additions, SafetensorsFile(folder / lora_file));
}

}  // namespace facerec
