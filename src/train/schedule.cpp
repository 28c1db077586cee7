#include "facerec/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace facerec {
namespace {

double warmup_factor(const ScheduleConfig& config, double step, double warmup) {
  if (config.name == "polynomial" || config.name == "cosine") {
    // At its very first step arcface_torch's scheduler still has the optimizer's own rate.
    return step == 0 && config.name == "polynomial" ? 1.0 : step / warmup;
  }
  return (step + 1) / warmup;
}

double factor(const ScheduleConfig& config, int64_t step, const RunLength& length, double final_factor) {
  auto in_steps = [&](int64_t count) { return config.unit == "epoch" ? length.steps_in(count) : count; };
  const int64_t warmup = in_steps(config.warmup);
  if (step < warmup) return warmup_factor(config, static_cast<double>(step), static_cast<double>(warmup));
  if (config.name == "step") {
    const auto passed = std::count_if(config.milestones.begin(), config.milestones.end(),
                                      [&](int64_t milestone) { return step >= in_steps(milestone); });
    return std::pow(config.gamma, static_cast<double>(passed));
  }
  const auto span = static_cast<double>(std::max<int64_t>(1, length.total_steps - warmup));
  const double progress = std::min(1.0, static_cast<double>(step - warmup) / span);
  double falling = 1.0;
  if (config.name == "polynomial") falling = std::pow(1.0 - progress, config.power);
  if (config.name == "cosine") falling = (1.0 + std::cos(std::numbers::pi * progress)) / 2.0;
  return final_factor + (1.0 - final_factor) * falling;
}

}  // namespace

double learning_rate(const ScheduleConfig& config, double base_lr, int64_t step, const RunLength& length) {
  return base_lr * factor(config, step, length, config.final_lr / base_lr);
}

}  // namespace facerec
