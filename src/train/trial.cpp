#include "train/trial.h"

namespace facerec {

Batch trial_batch(const TrainConfig& config, int64_t images) {
  Batch batch;
  const Size2 size = batch_image_size(config);
  batch.pixels.assign(static_cast<size_t>(images * size[0] * size[1] * 3), 127);
  for (int64_t i = 0; i < images; ++i) {
    batch.labels.push_back(i % trial_classes);
    batch.indices.push_back(i % 2);
  }
  batch.total = images;
  return batch;
}

}  // namespace facerec
