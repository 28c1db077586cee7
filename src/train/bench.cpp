#include "facerec/train/bench.h"

#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>

#include "facerec/core/error.h"
#include "facerec/core/memory.h"
#include "facerec/model/device.h"
#include "facerec/model/head.h"
#include "model/flop.h"
#include "train/learner.h"
#include "train/memory_plan.h"
#include "train/peak_speed.h"
#include "train/run_set_up.h"
#include "train/step_times.h"

namespace facerec {
namespace {

// Of the sizes that --find-batch-size tries.
constexpr int64_t trial_steps = 3, trial_warmup = 1, first_size = 8;

class Batches {
 public:
  virtual ~Batches() = default;
  virtual Batch next() = 0;
  virtual void give_back(Batch batch) = 0;
};

class LoadedBatches final : public Batches {
 public:
  LoadedBatches(const TrainConfig& config, const TrainingSet& data, const World& world)
      : loader_(
            data.images,
            make_sampler(config.data.sampler, data, config.train.batch_size, static_cast<uint64_t>(config.run.seed)),
            loader_options(config, /*strict=*/false, world)) {}
  Batch next() override { return loader_.next(); }
  void give_back(Batch batch) override { loader_.give_back(std::move(batch)); }

 private:
  Loader loader_;
};

class RandomBatches final : public Batches {
 public:
  RandomBatches(const TrainConfig& config, int64_t classes, const World& world) {
    const Size2 size = batch_image_size(config);
    const int64_t images = world.share(config.train.batch_size).count;
    const torch::Tensor pixels = torch::randint(256, {images * size[0] * size[1] * 3}, torch::kUInt8);
    batch_.pixels.assign(pixels.data_ptr<uint8_t>(), pixels.data_ptr<uint8_t>() + pixels.numel());
    for (int64_t i = 0; i < images; ++i) {
      batch_.labels.push_back(torch::randint(classes, {}, torch::kInt64).item<int64_t>());
      batch_.indices.push_back(i);
    }
    batch_.total = config.train.batch_size;
  }
  Batch next() override { return batch_; }
  void give_back(Batch) override {}

 private:
  Batch batch_;
};

TaskData task_data(const BenchOptions& options) {
  const TrainConfig& config = options.config;
  if (config.task == "attributes") {
    if (options.data == nullptr) throw Error::usage("the task attributes needs images: data.train").key("data.train");
    return {0, read_attributes(config.data, *options.data->images)};
  }
  if (config.task != "identity") return {};
  return {options.data != nullptr ? options.data->images->classes() : options.classes};
}

class Bench {
 public:
  Bench(const BenchOptions& options, const World& world)
      : options_(options),
        world_(world),
        config_(options.config),
        task_(task_data(options)),
        device_(device_of(config_, options.place)),
        available_(0) {
    if (options.find_batch_size && world.size() > 1) {
      throw Error::usage("--find-batch-size is for one process").hint("find the size with one, and multiply it");
    }
    set_up_library(config_);
    numerics_ = decide_numerics(config_, task_, device_, world);
    available_ = available_memory(device_, processes());
    footprint_ = measure_footprint(config_, task_, device_, numerics_);
  }

  BenchResult run() {
    BenchResult result = head_line();
    if (options_.find_batch_size) {
      config_.train.batch_size = std::max<int64_t>(find_batch_size(result.batch_sizes), 2);
    }
    require_fit(footprint_, planned(), available_, [&] {
      TrainConfig config = config_;
      config.train.gradient_checkpointing = true;
      return measure_footprint(config, task_, device_, numerics_);
    });
    result.plan = plan_memory(footprint_, planned(), available_);
    measure_peak();
    measure(options_.warmup, options_.steps, &result);
    result.peak_memory = peak_memory();
    result.batch_size = config_.train.batch_size;
    count_arithmetic(result);
    return result;
  }

 private:
  BenchResult head_line() const {
    BenchResult result;
    result.device = device_.str();
    result.precision = numerics_.precision;
    result.memory_format = numerics_.memory_format;
    result.processes = world_.size();
    result.threads = at::get_num_threads();
    result.accumulate = config_.train.accumulate;
    result.classes = task_.classes;
    result.steps = options_.steps;
    return result;
  }

  ProcessCount processes() const { return {world_.size(), options_.place.local_size}; }

  PlannedTraining planned() const {
    return {.config = config_,
            .classes = task_.classes,
            .images = options_.data != nullptr ? options_.data->images->size() : 0,
            .processes = processes(),
            .on_cpu = device_.is_cpu(),
            .snapshots = false};
  }

  Learner& learner() {
    if (!learner_) learner_ = std::make_unique<Learner>(config_, task_, Compute{device_, numerics_, world_});
    return *learner_;
  }

  std::unique_ptr<Batches> batches() const {
    if (options_.data != nullptr) return std::make_unique<LoadedBatches>(config_, *options_.data, world_);
    return std::make_unique<RandomBatches>(config_, std::max<int64_t>(task_.classes, 1), world_);
  }

  // Images a second; what the parts of a step take goes into `result`.
  double measure(int64_t warmup, int64_t steps, BenchResult* result) {
    const std::unique_ptr<Batches> source = batches();
    StepTimes times(device_);
    world_.on_waiting([](bool begins) { begins ? enter(StepPart::communication) : enter_again(); });
    for (int64_t step = 0; step < warmup + steps; ++step) {
      if (step == warmup) times.forget();
      enter(StepPart::data);
      std::vector<Batch> taken;
      for (int64_t i = 0; i < config_.train.accumulate; ++i) taken.push_back(source->next());
      learner().step(taken, config_.optimizer.lr, /*head_only=*/false);
      for (Batch& batch : taken) source->give_back(std::move(batch));
      times.finish_step();
    }
    const auto count = static_cast<double>(steps);
    const auto images = static_cast<double>(config_.train.batch_size * config_.train.accumulate);
    if (result != nullptr) {
      for (const auto& [part, name] : step_parts) result->seconds.emplace_back(name, times.seconds(part) / count);
      result->step_seconds = times.seconds() / count;
      result->images_per_second = images / result->step_seconds;
    }
    world_.on_waiting({});
    return images * count / times.seconds();
  }

  // nullopt: out of memory.
  std::optional<double> try_size(int64_t size) {
    config_.train.batch_size = size;
    try {
      return measure(trial_warmup, trial_steps, nullptr);
    } catch (const c10::OutOfMemoryError&) {
      learner_.reset();
      c10::getDeviceAllocator(device_.type())->emptyCache();
      return std::nullopt;
    }
  }

  // Doubles up to what the plan allows, and halves the interval where the device refuses what was planned.
  int64_t find_batch_size(std::vector<BatchSizeTried>& tried) {
    int64_t limit = largest_batch_size(footprint_, planned(), available_);
    if (options_.data != nullptr) limit = std::min(limit, options_.data->images->size());
    auto fits = [&](int64_t size) {
      tried.push_back({size, try_size(size)});
      const auto& speed = tried.back().images_per_second;
      spdlog::info("batch_size {}: {}", size, speed ? fmt::format("{:.1f} images/s", *speed) : "out of memory");
      return speed.has_value();
    };
    int64_t good = 0, size = std::min(first_size, limit);
    while (size > good && fits(size)) {
      good = size;
      size = std::min(2 * size, limit);
    }
    for (int64_t bad = size; bad - good > std::max<int64_t>(2, good / 16);) {
      const int64_t middle = (good + bad) / 4 * 2;
      (fits(middle) ? good : bad) = middle;
    }
    return good;
  }

  void measure_peak() const {
    if (device_.is_cpu()) return forget_peak_memory();
    c10::getDeviceAllocator(device_.type())->resetPeakStats(device_.index());
  }

  int64_t peak_memory() const {
    if (device_.is_cpu()) return peak_resident_memory();
    return c10::getDeviceAllocator(device_.type())->getDeviceStats(device_.index()).allocated_bytes[0].peak;
  }

  // The backward pass multiplies twice what the forward pass does: for the gradients of inputs and of weights.
  void count_arithmetic(BenchResult& result) {
    const PeakSpeed peak = peak_speed(device_, numerics_.precision);
    torch::Tensor of_all = torch::tensor({peak.flop_per_second});
    world_.sum(of_all);
    result.peak_flop_per_second = of_all[0].item<double>();
    result.peak_from = peak.from;
    const auto backbone = learner().objective().backbone();
    if (!backbone) return;
    double flop = forward_flop(*backbone);
    if (const auto head = std::dynamic_pointer_cast<Head>(find_part(learner().objective(), "head"))) {
      const HeadClasses& classes = head->classes();
      const int64_t numbers = head->weight.numel() / classes.held.count * classes.total;
      flop += 2 * config_.head.sample_rate * static_cast<double>(numbers);
    }
    result.flop_per_image = 3 * flop;
    result.flop_per_second = *result.flop_per_image * result.images_per_second;
  }

  const BenchOptions& options_;
  const World& world_;
  TrainConfig config_;
  TaskData task_;
  torch::Device device_;
  Numerics numerics_;
  int64_t available_ = 0;
  Footprint footprint_;
  std::unique_ptr<Learner> learner_;
};

}  // namespace

BenchResult bench_train(const BenchOptions& options, const World& world) { return Bench(options, world).run(); }

}  // namespace facerec
