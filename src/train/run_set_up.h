// How a configuration sets up what a training uses: its batches, and LibTorch.
#pragma once

#include "facerec/data/loader.h"
#include "facerec/train/config.h"

namespace facerec {

LoaderOptions loader_options(const TrainConfig& config, bool strict);

// Threads, determinism, and the seed of LibTorch's random numbers.
void set_up_library(const TrainConfig& config);

}  // namespace facerec
