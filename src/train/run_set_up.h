// How a configuration sets up what a training uses: its batches, and LibTorch.
#pragma once

#include "facerec/data/loader.h"
#include "facerec/dist/world.h"
#include "facerec/train/config.h"

namespace facerec {

// The share of this process in every batch.
LoaderOptions loader_options(const TrainConfig& config, bool strict, const World& world);

// Of run.device, that of this process: of several on one machine each has a GPU of its own.
at::Device device_of(const TrainConfig& config, const ProcessPlace& place);

// Threads, determinism, and the seed of LibTorch's random numbers: that of the first process, since all draw the same
// first weights.
void set_up_library(const TrainConfig& config);

// Of dropout and of the classes that a step samples.
void seed_library(const TrainConfig& config, int64_t rank);

}  // namespace facerec
