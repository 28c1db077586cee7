// What the first process of a run tells of it: lines of the log, a progress line, metrics.jsonl and event files.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "facerec/core/progress.h"
#include "facerec/train/schedule.h"
#include "facerec/train/trainer.h"
#include "train/checkpoint_writer.h"
#include "train/learner.h"
#include "train/metrics_log.h"

namespace facerec {

// Time spent on steps: validations and checkpoints are left out.
struct StepClock {
  Pace pace;
  double seconds = 0, waited = 0;  // waited: of the seconds, for the loader

  void add(double images, double more_seconds);
  double wait_share() const { return waited / seconds; }
};

class RunLog {
 public:
  // Of a run that begins, or goes on, behind `step`.
  RunLog(const fs::path& run, const TrainConfig& config, const RunLength& length, int64_t step);

  void begin(const Dataset& images, const Learner& learner, const Numerics& numerics, int64_t step) const;
  void step(int64_t step, const Learner::Step& numbers, double learning_rate, const StepClock& clock);
  void progress(int64_t step, const StepClock& clock);
  void validation(int64_t step, const std::vector<ValidationScore>& scores, double mean);
  void checkpoint(const CheckpointWriter::Times& times);
  void end(const TrainResult& result) const;

 private:
  int64_t images_per_step() const { return config_.train.batch_size * config_.train.accumulate; }

  const TrainConfig& config_;
  const RunLength& length_;
  MetricsLog metrics_;
  Progress progress_;
  std::string words_;  // of the last step that was told
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace facerec
