#include <ATen/Context.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "facerec/model/device.h"
#include "train/learner.h"

namespace facerec {
namespace {

constexpr int64_t trial_images = 32;  // enough to fill the kernels; a large network on a CPU stays within seconds

Batch trial_batch(const TrainConfig& config, int64_t classes) {
  const int64_t count = std::min(config.train.batch_size, trial_images);
  Batch batch;
  batch.pixels.assign(static_cast<size_t>(count * config.model.input[0] * config.model.input[1] * 3), 127);
  for (int64_t i = 0; i < count; ++i) batch.labels.push_back(i % classes);
  return batch;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The shortest of three steps after a first one that sets up the kernels.
double time_steps(const TrainConfig& config, torch::Device device, const Numerics& numerics) {
  constexpr int64_t classes = 2;
  Learner learner(config, classes, device, numerics);
  const std::vector<Batch> batches{trial_batch(config, classes)};
  learner.step(batches, 0, false);
  double best = 1e9;
  for (int i = 0; i < 3; ++i) best = std::min(best, seconds_of([&] { learner.step(batches, 0, false); }));
  return best;
}

}  // namespace

Numerics decide_numerics(const TrainConfig& config, torch::Device device) {
  Numerics first{resolve_precision(config.train.precision, device), config.train.memory_format};
  if (first.memory_format != "auto") return first;
  first.memory_format = "channels_first";
  if (config.run.deterministic) return first;
  const Numerics last{first.precision, "channels_last"};
  // The trial must not move the random numbers of the run.
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const torch::Tensor state = generator.get_state();
  const bool last_is_faster = time_steps(config, device, last) < time_steps(config, device, first);
  generator.set_state(state);
  return last_is_faster ? last : first;
}

}  // namespace facerec
