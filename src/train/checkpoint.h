// Checkpoints: everything that a run needs to go on, whole or absent.
#pragma once

#include <map>
#include <memory>
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
  int64_t batches_per_epoch = 0;             // 0: of a checkpoint that does not tell
  std::map<std::string, std::string> files;  // of tensors, beside state.json, and their SHA-256 ("": not told)
  nlohmann::ordered_json config;
};

// What this process writes of a checkpoint, copied into memory of its own: training may go on. The first process writes
// the network and every part that all have; each its classes of the head, their optimizer state and its random state.
// A tensor of which a file holds some rows has the metadata "rows.<name>": "first/total".
std::vector<TensorsToSave> snapshot(const Learner& learner, const nlohmann::ordered_json& config);

// Throws Error when a weight is not finite or the disk does not take a file. Returns the SHA-256 of each.
std::map<std::string, std::string> write_tensors(const fs::path& folder, const std::vector<TensorsToSave>& files);

void write_run_state(const fs::path& folder, const RunState& state);

// Throws Error naming the file when anything is absent, damaged or of another shape.
RunState read_run_state(const fs::path& folder);

// Into a learner of any number of processes.
void load_checkpoint(const fs::path& folder, Learner& learner);

// A part or the optimizer as one, from the files of all processes: "head", "center", "optimizer". Throws Error when
// there is none or rows are missing.
class WholePart {
 public:
  WholePart(const fs::path& folder, const std::string& name);
  static bool exists(const fs::path& folder, const std::string& name);

  // Whole, or the rows from `first` that the target has.
  void load(const std::string& name, torch::Tensor target, int64_t first = 0) const;
  bool contains(const std::string& name) const;
  NamedTensors all() const;

 private:
  std::vector<std::unique_ptr<const SafetensorsFile>> files_;
  fs::path folder_;
  std::string part_;
};

}  // namespace facerec
