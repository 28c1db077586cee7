// What `train`, `finetune` and `bench train` take on the command line; the rest stands in the configuration.
#pragma once

#include "tools/front.h"

namespace facerec {

struct TrainArguments {
  std::string config;
  std::vector<std::string> data, set;
  std::string device, name, threads;
};

// The configuration, --data, --set, --device and --threads.
void add_train_arguments(CLI::App& app, TrainArguments& args);

// Reads the configuration with them into `verb`. The result tells where each value is from: see located().
Node read_train_arguments(const TrainArguments& args, TrainVerb& verb);

}  // namespace facerec
