// The memory plan of a training, from trials: a few images through the real network, and some classes of the real head.
#pragma once

#include <functional>
#include <optional>

#include "facerec/train/memory_plan.h"
#include "train/objective.h"

namespace facerec {

// How many processes share the images and the classes, and how many of them the memory of a machine.
struct ProcessCount {
  int64_t all = 1, here = 1;
};

// A straight line in the number of images; bytes.
struct ByImages {
  double fixed = 0, per_image = 0;
  double of(int64_t images) const { return fixed + per_image * static_cast<double>(images); }
};

// What trials say; bytes.
struct Footprint {
  int64_t before = 0;                                    // what the process held before them; 0 on CUDA
  int64_t parameters = 0, optimizer = 0, gradients = 0;  // of all but the head's classes
  ByImages activations;    // with all that a forward and backward pass of the network takes for a while
  int64_t head_row = 0;    // a class: its weights, and what a loss keeps of it
  int64_t head_slots = 0;  // a class: the optimizer's state
  ByImages head_work;      // a class that a step uses: its gradient, logits and their copies
};

Footprint measure_footprint(const TrainConfig& config, const TaskData& data, torch::Device device,
                            const Numerics& numerics);

// What a plan is about. The number of images of a batch is config.train.batch_size.
struct PlannedTraining {
  const TrainConfig& config;
  int64_t classes = 0, images = 0;  // of the data set
  ProcessCount processes = {};
  bool on_cpu = true;     // the loader's images and the snapshot of a checkpoint lie in the same memory
  bool snapshots = true;  // checkpoints are written
};

MemoryPlan plan_memory(const Footprint& footprint, const PlannedTraining& training, int64_t available);

// The largest train.batch_size whose plan fits: a multiple of two images for each process; 0: none.
int64_t largest_batch_size(const Footprint& footprint, const PlannedTraining& training, int64_t available);

// Throws a usage Error when the plan does not fit, with the keys of the configuration that help and by how much.
// `checkpointed`: the trials again with train.gradient_checkpointing; called only then.
void require_fit(const Footprint& footprint, const PlannedTraining& training, int64_t available,
                 const std::function<Footprint()>& checkpointed);

// Trials, the plan and its refusal in one: what a training does before it allocates.
MemoryPlan require_memory(const TrainConfig& config, const TaskData& data, int64_t images, torch::Device device,
                          const Numerics& numerics, const ProcessCount& processes = {});

// To this process, with what it holds already: the memory of a CPU is shared by the processes on it.
int64_t available_memory(torch::Device device, const ProcessCount& processes);

}  // namespace facerec
