#include "train/objective.h"

#include "facerec/core/error.h"
#include "train/attributes_objective.h"
#include "train/identity_objective.h"
#include "train/super_resolution_objective.h"

namespace facerec {

std::vector<ValidationScore> Objective::validate(const HeldOutSet&) {
  throw Error("this task is validated by benchmarks alone");
}

std::unique_ptr<Objective> make_objective(const TrainConfig& config, const TaskData& data, torch::Device device,
                                          const Numerics& numerics) {
  if (config.task == "super_resolution") return std::make_unique<SuperResolutionObjective>(config, device, numerics);
  if (config.task == "attributes") {
    return std::make_unique<AttributesObjective>(config, data.attributes, device, numerics);
  }
  return std::make_unique<IdentityObjective>(config, data.classes, device, numerics);
}

Size2 batch_image_size(const TrainConfig& config) {
  if (config.task != "super_resolution") return config.model.input;
  return {config.super_resolution.patch, config.super_resolution.patch};
}

torch::MemoryFormat memory_format_of(const Numerics& numerics) {
  return numerics.memory_format == "channels_last" ? torch::MemoryFormat::ChannelsLast
                                                   : torch::MemoryFormat::Contiguous;
}

torch::Tensor pixels_of(const Batch& batch, const Size2& size, torch::Device device) {
  return torch::from_blob(const_cast<uint8_t*>(batch.pixels.data()), {batch.size(), size[1], size[0], 3}, torch::kUInt8)
      .to(device);
}

}  // namespace facerec
