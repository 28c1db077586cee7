// How the processes of one training meet, and agree that it is one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "facerec/dist/world.h"
#include "facerec/train/config.h"

namespace facerec {

struct TrainingSet;

// Opens this process's device (run.device; of several processes on one machine each has its own GPU) and meets the
// others. Throws a usage Error for a GPU that the machine does not have.
std::unique_ptr<World> meet_processes(const ProcessPlace& place, const TrainConfig& config);

// What the first process says. When it throws, so do all; the error of the first is the one to be mended.
std::string told_by_first(const World& world, const std::function<std::string()>& say);

// Throws a usage Error that names the process and the difference when one was given another configuration (run.device,
// run.threads and the like aside) or sees other data.
void check_alike(const World& world, const TrainConfig& config, const TrainingSet& data);

}  // namespace facerec
