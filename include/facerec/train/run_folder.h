// Where a training run lives: runs/<name>_<YYYY-MM-DD-HH-MM-SS>/. Free of LibTorch.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

// Creates a new run's folder; runs that begin in the same second get _2, _3, …
fs::path create_run_folder(const fs::path& runs, const std::string& name);

// The runs of this name, newest first.
std::vector<fs::path> find_runs(const fs::path& runs, const std::string& name);

fs::path checkpoint_folder(const fs::path& run, int64_t step);  // checkpoints/step_00012000

struct CheckpointFolder {
  fs::path path;
  int64_t step;
};

// The checkpoints of a run, newest first; unfinished ones are not among them.
std::vector<CheckpointFolder> find_checkpoints(const fs::path& run);

// Removes all but the newest `keep` checkpoints.
void prune_checkpoints(const fs::path& run, int64_t keep);

}  // namespace facerec
