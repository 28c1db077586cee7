#include "train/run_log.h"

#include <spdlog/spdlog.h>

#include "facerec/data/dataset.h"
#include "facerec/model/weights.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr double seconds_between_lines = 10;

bool restores_images(const TrainConfig& config) { return config.task == "super_resolution"; }

// The figure of validation.
const char* figure_name(const TrainConfig& config) { return restores_images(config) ? "psnr" : "accuracy"; }

}  // namespace

void StepClock::add(double images, double more_seconds) {
  pace.add(images, more_seconds);
  seconds += more_seconds;
}

RunLog::RunLog(const fs::path& run, const TrainConfig& config, const RunLength& length, int64_t step)
    : config_(config),
      length_(length),
      metrics_(run, step),
      progress_("train", length.total_steps * images_per_step(), "images") {}

void RunLog::begin(const Dataset& images, const Learner& learner, const Numerics& numerics, int64_t step) const {
  const Part network = learner.objective().parts().front();
  spdlog::info("{}: {:.2f} M parameters, {} identities, {} images, {} steps of {} images, {}, {}, {}",
               restores_images(config_) ? config_.super_resolution.network : config_.model.name,
               static_cast<double>(count_parameters(*network.module)) / 1e6, images.classes(), images.size(),
               length_.total_steps, images_per_step(), learner.device().str(), numerics.precision,
               numerics.memory_format);
  if (step > 0) spdlog::info("continues at step {}", step);
}

void RunLog::step(int64_t step, const Learner::Step& numbers, double learning_rate, const StepClock& clock) {
  const double speed = clock.pace.per_second();
  const int64_t epoch = (step - 1) * length_.accumulate / length_.batches_per_epoch;
  Json line{{"step", step},
            {"epoch", epoch},
            {"loss", numbers.loss},
            {"lr", learning_rate},
            {"images_per_second", speed},
            {"data_wait_share", clock.wait_share()}};
  for (const auto& [name, value] : numbers.figures) line[name] = value;
  if (numbers.terms.size() > 1) {
    for (const auto& [name, value] : numbers.terms) line["losses"][name] = value;
  }
  metrics_.write(line);
  words_ = words_of(line);
  const bool is_last = step == length_.total_steps;
  if (std::chrono::duration<double>(Clock::now() - told_).count() < seconds_between_lines && !is_last) return;
  told_ = Clock::now();
  const auto images_left = static_cast<double>((length_.total_steps - step) * images_per_step());
  spdlog::info("step {}/{}  epoch {}  {}  {:.0f} images/s  {} left", step, length_.total_steps, epoch, words_, speed,
               duration_text(images_left / speed));
}

void RunLog::progress(int64_t step, const StepClock& clock) {
  progress_.update(step * images_per_step(), words_, clock.pace.per_second());
}

void RunLog::validation(int64_t step, const std::vector<ValidationScore>& scores, double mean) {
  const char* figure = figure_name(config_);
  Json line{{"step", step}, {"validation", Json::object()}};
  for (const ValidationScore& score : scores) {
    line["validation"][score.name] = score.value;
    spdlog::info("step {}  {} {} {:.4f}", step, score.name, figure, score.value);
  }
  line[std::string("mean_") + figure] = mean;
  metrics_.write(line);
}

void RunLog::checkpoint(const CheckpointWriter::Times& times) {
  spdlog::info("step {}  checkpoint written in {:.1f} s, for {:.0f} ms of them training stood still", times.step,
               times.write_seconds, 1e3 * times.stall_seconds);
  metrics_.write({{"step", times.step},
                  {"checkpoint", {{"stall_seconds", times.stall_seconds}, {"write_seconds", times.write_seconds}}}});
}

void RunLog::end(const TrainResult& result) const {
  if (result.final_loss) {
    spdlog::info("{:.0f} images/s, {:.1f} % of the time waiting for data", result.images_per_second,
                 100 * result.data_wait_share);
  }
  if (result.bad_images > 0) spdlog::warn("{} images could not be read, see bad_inputs.txt", result.bad_images);
}

}  // namespace facerec
