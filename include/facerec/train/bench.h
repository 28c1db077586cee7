// How fast a training would run here, and what its steps spend their time and memory on. Free of LibTorch.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "facerec/core/launch.h"
#include "facerec/data/dataset.h"
#include "facerec/train/config.h"
#include "facerec/train/memory_plan.h"

namespace facerec {

class World;

struct BenchOptions {
  TrainConfig config;
  const TrainingSet* data = nullptr;  // null: random pixels, made once
  int64_t classes = 1000;             // without data
  int64_t steps = 20, warmup = 5;     // warmup steps are not counted
  bool find_batch_size = false;       // of one process
  ProcessPlace place = {};            // of this process
};

struct BatchSizeTried {
  int64_t batch_size = 0;
  std::optional<double> images_per_second;  // nullopt: the device had not the memory
};

struct BenchResult {
  std::string device, precision, memory_format;
  int64_t processes = 1, threads = 0;  // threads: of a process
  int64_t batch_size = 0, accumulate = 0, classes = 0, steps = 0;
  double images_per_second = 0, step_seconds = 0;
  std::vector<std::pair<std::string, double>> seconds;  // of a step, by part; they sum to step_seconds
  MemoryPlan plan;
  int64_t peak_memory = 0;               // of this process; CPU: resident; CUDA: LibTorch's allocations
  std::optional<double> flop_per_image;  // of forward and backward; nullopt: not counted for this network
  std::optional<double> flop_per_second;
  double peak_flop_per_second = 0;          // of all devices in this precision
  std::string peak_from;                    // where that is known from
  std::vector<BatchSizeTried> batch_sizes;  // with find_batch_size; the largest that fits is batch_size
};

// Steps of this training, of which nothing is kept. Of several processes each calls it, and the first has the answer.
// Throws a usage Error when they cannot fit into memory.
BenchResult bench_train(const BenchOptions& options, const World& world);

std::string to_text(const BenchResult& result);
nlohmann::ordered_json to_json(const BenchResult& result);

}  // namespace facerec
