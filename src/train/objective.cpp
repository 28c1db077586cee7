#include "train/objective.h"

#include "facerec/core/error.h"
#include "train/attributes_objective.h"
#include "train/identity_objective.h"
#include "train/super_resolution_objective.h"
#include "train/to_device.h"

namespace facerec {

std::vector<ValidationScore> Objective::validate(const HeldOutSet&) {
  throw Error("this task is validated by benchmarks alone");
}

std::unique_ptr<Objective> make_objective(const TrainConfig& config, const TaskData& data, const Compute& compute) {
  if (config.task == "super_resolution") return std::make_unique<SuperResolutionObjective>(config, compute);
  if (config.task == "attributes") return std::make_unique<AttributesObjective>(config, data.attributes, compute);
  return std::make_unique<IdentityObjective>(config, data.classes, compute);
}

Size2 batch_image_size(const TrainConfig& config) {
  if (config.task != "super_resolution") return config.model.input;
  return {config.super_resolution.patch, config.super_resolution.patch};
}

torch::MemoryFormat memory_format_of(const Numerics& numerics) {
  return numerics.memory_format == "channels_last" ? torch::MemoryFormat::ChannelsLast
                                                   : torch::MemoryFormat::Contiguous;
}

torch::Tensor pixels_of(const Batch& batch, const Size2& size) {
  const auto pixels = const_cast<uint8_t*>(batch.pixels.data());
  return torch::from_blob(pixels, {batch.size(), size[1], size[0], 3}, torch::kUInt8);
}

DeviceBatch to_device(const Batch& batch, const Objective& objective, torch::Device device) {
  DeviceBatch there{{}, batch.total};
  for (const torch::Tensor& input : objective.inputs(batch)) there.inputs.push_back(to_device(input, device));
  return there;
}

double share_weight(const DeviceBatch& batch, const World& world) {
  if (world.size() == 1) return 1;
  return static_cast<double>(batch.size() * world.size()) / static_cast<double>(batch.total);
}

}  // namespace facerec
