// Checkpoints: everything that a run needs to go on, whole or absent.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/core/files.h"
#include "facerec/train/trainer.h"
#include "train/learner.h"

namespace facerec {

// state.json beside the tensors.
struct RunState {
  int64_t step = 0;
  std::optional<BestScore> best;
  int64_t skipped_steps = 0;
  int64_t nonfinite_in_a_row = 0;
  Numerics numerics;
  int64_t classes = 0;
  int64_t batches_per_epoch = 0;   // 0: of a checkpoint that does not tell
  std::vector<std::string> files;  // of tensors, beside state.json; filled by save_checkpoint
  nlohmann::ordered_json config;
};

std::string part_file(const std::string& name);  // in a checkpoint: "head-00000-of-00001.safetensors"

// What the objective writes of its network (backbone.safetensors), a file of each further part
// (head-00000-of-00001.safetensors), optimizer-00000-of-00001.safetensors, state.json. Throws Error, and leaves
// nothing, when a weight is not finite or the disk does not take it.
void save_checkpoint(const fs::path& folder, const Learner& learner, const RunState& state);

// Throws Error naming the file when anything is absent, damaged or of another shape.
RunState read_run_state(const fs::path& folder);
void load_checkpoint(const fs::path& folder, Learner& learner);

}  // namespace facerec
