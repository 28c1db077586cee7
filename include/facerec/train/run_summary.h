// What became of training runs, read from their folders; nothing is written or held. Free of LibTorch.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/io/metrics.h"

namespace facerec {

enum class RunStatus {
  finished,      // the planned steps are done
  stopped,       // it can be resumed
  running,       // a process trains in it
  no_checkpoint  // not running, and nothing to resume from
};

struct RunSummary {
  fs::path path;
  RunStatus status = RunStatus::no_checkpoint;
  // Resolved, as the newest checkpoint has it, else config.yaml; null when neither can be read.
  nlohmann::ordered_json config = nullptr;
  int64_t steps = 0;                                // logged or saved
  std::optional<int64_t> planned = {}, saved = {};  // steps: as configured; of the newest checkpoint
  TrainingMetrics metrics = {};
  std::vector<std::string> problems = {};  // what in the folder is absent or broken
};

// Reads about `most_steps` lines of the steps (read_metrics). Whatever the folder holds, this is no error.
RunSummary summarise_run(const fs::path& run, int64_t most_steps = std::numeric_limits<int64_t>::max());

// Of `facerec runs --json`, an object for each run; null where it is not known.
//     {"run": folder, "name": "my", "began": "2026-01-31T12:00:00", "state": "finished" | "stopped" | "running" |
//      "no_checkpoint", "task", "network", "head", "steps", "planned_steps", "checkpoint": step, "loss": the last,
//      "best": {"mean_accuracy" | "mean_psnr", "step"}, "images_per_second": the last, "seconds", "problems": [text]}
nlohmann::ordered_json run_json(const RunSummary& run);

// Of `facerec runs compare --json`. Every list of values has one of each run, in their order; differences are to the
// first; null where there is none.
//     {"runs": [as above],
//      "config": [{"key": "optimizer.lr", "values": [0.1, 0.2]}],            keys whose values differ
//      "metrics": [{"name", "values", "differences"}],                       loss, best_mean_accuracy, best_step,
//          last_mean_accuracy, last_<set>, images_per_second, seconds, steps: those that some run has
//      "losses": [{"step", "values", "differences"}]}                        at up to ten steps that all have logged
nlohmann::ordered_json comparison_json(std::span<const RunSummary> runs);

}  // namespace facerec
