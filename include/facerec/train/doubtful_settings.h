// What a configuration says without effect, or against itself. Free of LibTorch.
#pragma once

#include <string>
#include <vector>

#include "facerec/train/config.h"

namespace facerec {

// A sentence each: keys that differ from their defaults though the task, the sampler or another key leaves them without
// a meaning; losses that want several images of an identity in a batch which is not made so.
std::vector<std::string> doubtful_settings(const TrainConfig& config);

}  // namespace facerec
