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

torch::Tensor pixels_of(const Batch& batch, const Size2& size, torch::Device device) {
  const auto pixels = const_cast<uint8_t*>(batch.pixels.data());
  return to_device(torch::from_blob(pixels, {batch.size(), size[1], size[0], 3}, torch::kUInt8), device);
}

torch::Tensor labels_of(const Batch& batch, torch::Device device) {
  return to_device(torch::tensor(batch.labels, torch::kInt64), device);
}

double share_weight(const Batch& batch, const World& world) {
  if (world.size() == 1) return 1;
  return static_cast<double>(batch.size() * world.size()) / static_cast<double>(batch.total);
}

}  // namespace facerec
