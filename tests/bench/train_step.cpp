// Training steps on random images, to be compared with train_step_peer.py.
//     train_step BACKBONE fp32|bf16 FORMAT BATCH STEPS [CLASSES]
// FORMAT: channels_first | channels_last | auto, the faster as training measures it. One step is not counted. Prints
// the shortest step in seconds, the format, and the mean seconds of each part: "6.1 channels_last forward 2.0 …".
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "train/learner.h"
#include "train/run_set_up.h"
#include "train/step_times.h"

namespace {

using namespace facerec;

// arcface_torch's recipe for the step: SGD with momentum and decay of everything, gradients clipped at 5.
TrainConfig configuration(const char* backbone, int64_t batch) {
  TrainConfig config;
  config.model.name = backbone;
  config.model.dropout = 0;
  config.head.name = "arcface_torch";
  config.optimizer.lr = 0.02;
  config.optimizer.decay_norm = config.optimizer.decay_prelu = true;
  config.train.batch_size = batch;
  return config;
}

Batch random_batch(int64_t images, int64_t classes) {
  const torch::Tensor pixels = torch::randint(256, {images * 112 * 112 * 3}, torch::kUInt8);
  const torch::Tensor labels = torch::randint(classes, {images}, torch::kInt64);
  Batch batch;
  batch.pixels.assign(pixels.data_ptr<uint8_t>(), pixels.data_ptr<uint8_t>() + pixels.numel());
  batch.labels.assign(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + images);
  batch.indices.resize(static_cast<size_t>(images));
  batch.total = images;
  return batch;
}

void run(const char* backbone, Numerics numerics, int64_t images, int64_t steps, int64_t classes) {
  using Clock = std::chrono::steady_clock;
  const World alone;
  TrainConfig config = configuration(backbone, images);
  set_up_library(config);
  config.train.precision = numerics.precision;
  if (numerics.memory_format == "auto") numerics = decide_numerics(config, {classes}, torch::kCPU, alone);
  Learner learner(config, {classes}, Compute{torch::kCPU, numerics, alone});
  const std::vector<Batch> batches{random_batch(images, classes)};
  learner.step(batches, config.optimizer.lr, false);
  StepTimes times(torch::kCPU);
  double best = std::numeric_limits<double>::infinity();
  for (int64_t step = 0; step < steps; ++step) {
    const auto begin = Clock::now();
    learner.step(batches, config.optimizer.lr, false);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    times.finish_step();
  }
  std::printf("%.4f %s", best, numerics.memory_format.c_str());
  for (const auto& [part, name] : step_parts) {
    if (times.seconds(part) > 0) std::printf(" %s %.4f", name, times.seconds(part) / static_cast<double>(steps));
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "train_step BACKBONE fp32|bf16 FORMAT BATCH STEPS [CLASSES]\n");
    return 2;
  }
  try {
    run(argv[1], {argv[2], argv[3]}, std::atol(argv[4]), std::atol(argv[5]), argc > 6 ? std::atol(argv[6]) : 10000);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
