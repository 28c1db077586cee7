#include <fmt/format.h>

#include "facerec/core/memory.h"
#include "facerec/train/bench.h"

namespace facerec {
namespace {

std::string arithmetic_text(const BenchResult& result) {
  if (!result.flop_per_second) return "";
  return fmt::format("arithmetic: {:.2f} GFLOP an image, {:.3g} TFLOP/s, {:.1f} % of {:.3g} TFLOP/s ({})\n",
                     *result.flop_per_image / 1e9, *result.flop_per_second / 1e12,
                     100 * *result.flop_per_second / result.peak_flop_per_second, result.peak_flop_per_second / 1e12,
                     result.peak_from);
}

std::string batch_size_text(const BenchResult& result) {
  if (result.batch_sizes.empty()) return "";
  std::string text = "batch sizes:\n";
  const BatchSizeTried* fastest = nullptr;
  for (const BatchSizeTried& tried : result.batch_sizes) {
    const std::string speed =
        tried.images_per_second ? fmt::format("{:.1f} images/s", *tried.images_per_second) : "out of memory";
    text += fmt::format("  {:<6} {}\n", tried.batch_size, speed);
    const bool is_faster =
        tried.images_per_second && (!fastest || tried.images_per_second > fastest->images_per_second);
    if (is_faster) fastest = &tried;
  }
  text += fmt::format("the largest that fits: --set train.batch_size={}\n", result.batch_size);
  if (fastest) text += fmt::format("the fastest: --set train.batch_size={}\n", fastest->batch_size);
  return text;
}

}  // namespace

std::string to_text(const BenchResult& result) {
  std::string text =
      fmt::format("{}{}, {}, {}, {} threads, batch of {}{}, {} identities\n",
                  result.processes > 1 ? fmt::format("{} processes on ", result.processes) : std::string(),
                  result.device, result.precision, result.memory_format, result.threads, result.batch_size,
                  result.accumulate > 1 ? fmt::format(" × {}", result.accumulate) : std::string(), result.classes);
  text += fmt::format("{:.1f} images/s, {:.1f} ms a step:\n", result.images_per_second, 1e3 * result.step_seconds);
  for (const auto& [name, seconds] : result.seconds) {
    text += fmt::format("  {:<16}{:>8.1f} ms {:>5.1f} %\n", name, 1e3 * seconds, 100 * seconds / result.step_seconds);
  }
  text += arithmetic_text(result);
  text += fmt::format("memory: {} at the peak; planned:\n{}", memory_text(result.peak_memory), to_text(result.plan));
  return text + batch_size_text(result);
}

nlohmann::ordered_json to_json(const BenchResult& result) {
  nlohmann::ordered_json seconds, sizes = nlohmann::ordered_json::array(), share;
  for (const auto& [name, value] : result.seconds) seconds[name] = value;
  for (const BatchSizeTried& tried : result.batch_sizes) {
    nlohmann::ordered_json speed;
    if (tried.images_per_second) speed = *tried.images_per_second;
    sizes.push_back({{"batch_size", tried.batch_size}, {"images_per_second", speed}});
  }
  nlohmann::ordered_json flop_per_image, flop_per_second;
  if (result.flop_per_image) flop_per_image = *result.flop_per_image;
  if (result.flop_per_second) {
    flop_per_second = *result.flop_per_second;
    share = *result.flop_per_second / result.peak_flop_per_second;
  }
  return {{"device", result.device},
          {"precision", result.precision},
          {"memory_format", result.memory_format},
          {"processes", result.processes},
          {"threads", result.threads},
          {"batch_size", result.batch_size},
          {"accumulate", result.accumulate},
          {"classes", result.classes},
          {"steps", result.steps},
          {"images_per_second", result.images_per_second},
          {"step_seconds", result.step_seconds},
          {"seconds", seconds},
          {"flop_per_image", flop_per_image},
          {"flop_per_second", flop_per_second},
          {"peak_flop_per_second", result.peak_flop_per_second},
          {"peak_from", result.peak_from},
          {"share_of_peak", share},
          {"memory", {{"peak", result.peak_memory}, {"plan", to_json(result.plan)}}},
          {"batch_sizes", sizes}};
}

}  // namespace facerec
