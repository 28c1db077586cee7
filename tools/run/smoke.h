// `--preset smoke`: a recipe tried out in seconds, without its data.
#pragma once

#include "facerec/core/files.h"
#include "facerec/train/config.h"

namespace facerec {

// A few synthetic faces in a folder of their own, which is removed with the object.
class SmokeData {
 public:
  SmokeData();
  ~SmokeData();
  SmokeData(const SmokeData&) = delete;
  SmokeData& operator=(const SmokeData&) = delete;

  // Keeps what the recipe trains and how: networks, head, losses, kind of sampler, augmentation, optimizer, schedule.
  // In place of its data come the synthetic faces, in place of its length four steps of four images, and it starts
  // without weights.
  void take_place(TrainConfig& config) const;

 private:
  fs::path folder_;
};

}  // namespace facerec
