#include "train/run_set_up.h"

#include <ATen/Context.h>
#include <torch/torch.h>

#include "facerec/config/at_key.h"
#include "facerec/core/memory.h"
#include "facerec/core/parallel.h"
#include "facerec/core/random.h"
#include "facerec/model/device.h"
#include "train/objective.h"

namespace facerec {

LoaderOptions loader_options(const TrainConfig& config, bool strict, const World& world) {
  LoaderOptions loader;
  const Size2 size = batch_image_size(config);
  loader.width = static_cast<int>(size[0]);
  loader.height = static_cast<int>(size[1]);
  loader.batch_size = config.train.batch_size;
  loader.workers = static_cast<int>(config.data.workers);
  loader.augment = config.data.augment;
  if (config.task == "super_resolution") loader.augment.crop = {.probability = 1, .resize = 0};  // stored pixels
  loader.low_resolution = config.train.low_resolution;
  loader.seed = static_cast<uint64_t>(config.run.seed);
  loader.strict = strict;
  loader.process = world.rank();
  loader.processes = world.size();
  return loader;
}

at::Device device_of(const TrainConfig& config, const ProcessPlace& place) {
  return at_key("run.device", [&] { return open_device(config.run.device, place.local_rank); });
}

void set_up_library(const TrainConfig& config) {
  keep_freed_memory();
  at::set_num_threads(resolve_threads(static_cast<int>(config.run.threads)));
  at::globalContext().setDeterministicAlgorithms(config.run.deterministic, /*warn_only=*/true);
  at::globalContext().setBenchmarkCuDNN(!config.run.deterministic);
  seed_library(config, 0);
}

// A 64-bit draw of its own, so that no other stream of the seed is used twice.
void seed_library(const TrainConfig& config, int64_t rank) {
  const auto seed = static_cast<uint64_t>(config.run.seed);
  torch::manual_seed(rank == 0 ? Random("torch", {seed})() : Random("torch", {seed, static_cast<uint64_t>(rank)})());
}

}  // namespace facerec
