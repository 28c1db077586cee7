// The files that a training with face.evoLVe, or one of its followers, leaves behind.
#pragma once

#include <optional>

#include "facerec/core/files.h"

namespace facerec {

// One checkpoint: Backbone_IR_SE_50_Epoch_3_Batch_9000_Time_…_checkpoint.pth (face.evoLVe),
// Backbone_Epoch_3_Batch_9000.pth, Backbone_3_9000.pth or Backbone_Best.pth, and what stands beside it: Head_… with the
// same epoch and batch, Optimizer_Epoch3_Batch9000.pth. "": there is none.
struct EvolveCheckpoint {
  fs::path backbone, head, optimizer;
  std::optional<int64_t> epochs;  // done
};

// The newest checkpoint, by epoch and batch and else by the time it was written, of a folder with such files, a run, or
// the work around several: checkpoints_best/<run>/ before checkpoints/<run>/, and of runs the one whose name, which
// ends in a time, is last. nullopt: there is none.
std::optional<EvolveCheckpoint> find_evolve_checkpoint(const fs::path& folder);

// The checkpoint that this backbone's file belongs to; nullopt when its name is not of that form.
std::optional<EvolveCheckpoint> evolve_checkpoint_of(const fs::path& backbone);

// How a checkpoint is called in `folder`: Backbone_Epoch_3_Batch_9000.pth, Head_Epoch_3_Batch_9000.pth,
// Optimizer_Epoch3_Batch9000.pth; Backbone_Best.pth and so on when the epochs are not known.
EvolveCheckpoint evolve_checkpoint_names(const fs::path& folder, std::optional<int64_t> epochs, int64_t batches);

}  // namespace facerec
