// metrics.jsonl, what a training run tells of itself: one JSON object a line. Every train.log_every steps
//     {"step": 120, "epoch": 0, "loss": 21.5, "lr": 0.1, "images_per_second": 812.4, "data_wait_share": 0.01,
//      "losses": {"classification": 20.9, "triplet": 0.6}, "seconds": 93.1}
// ("losses": where there are several), and after each validation
//     {"step": 1000, "validation": {"lfw": 0.981, "cfp_fp": 0.93}, "mean_accuracy": 0.9555, "seconds": 801.2}
// ("mean_psnr", in dB, of super-resolution), and of each checkpoint, when it is written,
//     {"step": 1000, "checkpoint": {"stall_seconds": 0.02, "write_seconds": 1.4}, "seconds": 802.6}
// for how long training stood still, and how long the writing beside it took. "seconds" count from the run's first step
// over all processes that worked on it. A number that was not finite is null. Other keys may stand beside these.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

using NamedValues = std::vector<std::pair<std::string, double>>;  // in the order of the file

// NaN: absent, or not finite.
struct StepMetrics {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  int64_t step = 0;
  double loss = none, lr = none, images_per_second = none, seconds = none;
  NamedValues terms = {};  // of the loss
};

struct ValidationMetrics {
  int64_t step = 0;
  double mean = StepMetrics::none;  // of the sets by which the best step is told
  NamedValues values = {};          // of each set
};

struct TrainingMetrics {
  std::vector<StepMetrics> steps = {};              // by ascending step
  std::vector<ValidationMetrics> validations = {};  // by ascending step
  std::string figure = "";                          // "accuracy", "psnr"; "": nothing was validated
  int64_t unreadable = 0;                           // lines that are no such object

  const ValidationMetrics* best() const;  // the first of the highest mean; null without any
};

// All validations, and of the steps every k-th and the last, so that there are about `most_steps` at most: of millions
// of lines the others are not parsed. Throws Error when the file cannot be read; lines that cannot are counted.
TrainingMetrics read_metrics(const fs::path& path, int64_t most_steps = std::numeric_limits<int64_t>::max());

}  // namespace facerec
