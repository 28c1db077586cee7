// Where a training run lives: runs/<name>_<YYYY-MM-DD-HH-MM-SS>/. Free of LibTorch.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

// Creates a new run's folder; runs that begin in the same second get _2, _3, …
fs::path create_run_folder(const fs::path& runs, const std::string& name);

std::string folder_name(const fs::path& run);  // without what is above it, however the path is written

// What the name of a run's folder tells.
struct RunName {
  std::string name;
  std::string began;  // 2026-01-31-23-59-58, local time
  int number = 1;     // among those that began in the same second
};
std::optional<RunName> parse_run_name(const std::string& folder);  // nullopt: no run has such a name

// The runs of this name, "": of any, newest first.
std::vector<fs::path> find_runs(const fs::path& runs, const std::string& name);

// The run that a user means: its folder, or among those in `runs` the only one of that name, or whose folder's name
// ends so. Throws a usage Error that names what there is when it is none or several.
fs::path find_run(const fs::path& runs, const std::string& wanted);

// Whether a process trains in it (FolderLock), on this machine or another.
bool is_in_training(const fs::path& run);

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
