#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "facerec/model/device.h"
#include "train/learner.h"
#include "train/trial.h"

namespace facerec {
namespace {

// Enough to fill the kernels; IR-50 takes some twenty seconds for all trials on two cores.
int64_t trial_images(torch::Device device) { return device.is_cuda() ? 64 : 8; }

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The shortest of three steps after a first one that sets up the kernels.
double time_steps(const TrainConfig& config, const TaskData& data, torch::Device device, const Numerics& numerics) {
  const World alone;
  TrainConfig plain = config;
  plain.train.cuda_graph = false;  // fewer steps than come before the recording
  Learner learner(plain, {trial_classes, data.attributes}, Compute{device, numerics, alone});
  const int64_t images = std::min(config.train.batch_size, trial_images(device));
  const std::vector<Batch> batches{trial_batch(config, images)};
  learner.step(batches, 0, false);
  double best = 1e9;
  for (int i = 0; i < 3; ++i) best = std::min(best, seconds_of([&] { learner.step(batches, 0, false); }));
  return best;
}

Numerics decide_here(const TrainConfig& config, const TaskData& data, torch::Device device) {
  Numerics first{resolve_precision(config.train.precision, device), config.train.memory_format};
  if (first.memory_format != "auto") return first;
  first.memory_format = "channels_first";
  if (config.run.deterministic) return first;
  const Numerics last{first.precision, "channels_last"};
  const KeepGenerator keep_weights(torch::kCPU), keep_dropout(device);
  const double seconds_first = time_steps(config, data, device, first);
  const double seconds_last = time_steps(config, data, device, last);
  spdlog::info("memory format: channels_first {:.0f} ms, channels_last {:.0f} ms a step of {} images",
               1e3 * seconds_first, 1e3 * seconds_last, std::min(config.train.batch_size, trial_images(device)));
  return seconds_last < seconds_first ? last : first;
}

}  // namespace

Numerics decide_numerics(const TrainConfig& config, const TaskData& data, torch::Device device, const World& world) {
  const Numerics own = world.is_first() ? decide_here(config, data, device) : Numerics{};
  const auto told = nlohmann::json::parse(world.exchange(nlohmann::json{own.precision, own.memory_format}.dump())[0]);
  return {told[0].get<std::string>(), told[1].get<std::string>()};
}

}  // namespace facerec
