// The training loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/data/dataset.h"
#include "facerec/dist/world.h"
#include "facerec/train/config.h"

namespace facerec {

class Backbone;

struct ValidationScore {
  std::string name;     // of the benchmark, or of an attribute
  double value;         // accuracy, 0 … 1; of super-resolution PSNR in dB
  bool decides = true;  // counts in the mean by which the best step is told
};

// Task identity: called with the backbone in training; it may put it into evaluation mode, and must put it back.
using Validate = std::function<std::vector<ValidationScore>(const std::shared_ptr<Backbone>&)>;

struct BestScore {
  double metric;
  int64_t step;
};

struct TrainResult {
  int64_t steps = 0;                 // done in all, those of earlier processes included
  std::optional<double> final_loss;  // of the last step done here
  std::optional<BestScore> best;
  int64_t skipped_steps = 0;     // whose loss was not finite
  int64_t bad_images = 0;        // named in bad_inputs.txt
  double images_per_second = 0;  // of the steps done here, validation and checkpoints aside
  double data_wait_share = 0;    // of the time of these steps, spent waiting for the loader
  int signal = 0;                // that ended the run early, after a checkpoint
};

struct TrainOptions {
  TrainConfig config;
  fs::path run;                        // the run's folder, made by create_run_folder
  std::optional<fs::path> checkpoint;  // to continue from
  // To start from beside init_from, "": what another program's training left of head and optimizer (Head_….pth and
  // Optimizer_….pth of face.evoLVe). What does not fit is left, with a warning.
  fs::path head_from, optimizer_from;
  int64_t epochs_done = 0;                      // by that training
  bool strict = false;                          // stop at the first unreadable image
  ProcessPlace place = {};                      // of this process
  std::function<void()> after_checkpoint = {};  // called when one is saved, the last included; throws nothing
  std::function<void()> after_first_step = {};
};

// Trains until the configured end or a stop signal, writing metrics.jsonl, an event file, checkpoints/, best/ and
// bad_inputs.txt into the run's folder. Of several processes each calls it with its World: they share every batch and
// the classes of the head, stop at the same step, and the first validates and writes what all have. Tasks without
// embeddings are validated on the images that validation.data names, by themselves. On a CPU with equal threads and
// processes the result depends on configuration and data alone: a run that was interrupted at any step and continued
// ends in the same bits. (memory_format auto is measured: two runs may choose differently, and a run keeps its choice.)
// Throws Error when the loss stays non-finite, a checkpoint cannot be written, or the data is unreadable, and a usage
// Error with the key of the configuration when its parts do not fit one another, or the data.
TrainResult train(const TrainOptions& options, const TrainingSet& data, const Validate& validate,
                  const World& world = World());

// The checkpoint that `--resume auto` continues: the newest readable one of the newest run of this name. Checks that
// its configuration equals `config` but for what may change (train.epochs, max_steps, cuda_graph; run.device, threads,
// timeout; data.workers; an init_from that is left out), else throws a usage Error that lists the differences. nullopt:
// there is none.
struct ResumePoint {
  fs::path run, checkpoint;
};
std::optional<ResumePoint> find_resume_point(const TrainConfig& config);

// The same for a launch that was started again after a failure: the newest run of the name alone, and only if it is
// that of this configuration and not at its end. An older one is not what failed.
std::optional<ResumePoint> find_failed_run(const TrainConfig& config);
ResumePoint resume_point_of(const fs::path& run, const TrainConfig& config);  // throws when the run has no checkpoint

}  // namespace facerec
