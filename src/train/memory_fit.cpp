// What a memory plan says, and what helps when it does not fit.
#include <fmt/format.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/core/memory.h"
#include "facerec/core/text.h"
#include "train/memory_plan.h"

namespace facerec {
namespace {

// How many processes are thought of before a training is given up.
constexpr int64_t most_processes = 1024;

class Remedies {
 public:
  Remedies(const Footprint& footprint, const PlannedTraining& training, int64_t available,
           const std::function<Footprint()>& checkpointed)
      : footprint_(footprint), training_(training), available_(available) {
    if (training.config.train.gradient_checkpointing || training.config.task == "super_resolution") return;
    checkpointed_ = checkpointed();
  }

  std::string text() const {
    std::vector<std::string> found;
    for (const std::string& each : {batch_size(), checkpointing(), sample_rate(), processes()}) {
      if (!each.empty()) found.push_back(each);
    }
    return found.empty() ? together() : "what would fit: " + join(found, "; or ");
  }

 private:
  int64_t total(const Footprint& footprint, const TrainConfig& config, int64_t more_processes = 1) const {
    PlannedTraining training{config,           training_.classes,  training_.images, training_.processes,
                             training_.on_cpu, training_.snapshots};
    training.processes.all *= more_processes;
    return plan_memory(footprint, training, available_).total();
  }

  std::string batch_size() const {
    const int64_t size = largest_batch_size(footprint_, training_, available_);
    const LoopConfig& loop = training_.config.train;
    if (size == 0) return "";
    return fmt::format("train.batch_size={} (train.accumulate={} keeps the images of a step)", size,
                       loop.accumulate * ((loop.batch_size + size - 1) / size));
  }

  std::string checkpointing() const {
    if (!checkpointed_) return "";
    const int64_t needed = total(*checkpointed_, training_.config);
    return needed > available_ ? "" : fmt::format("train.gradient_checkpointing=true ({})", memory_text(needed));
  }

  std::string sample_rate() const {
    TrainConfig config = training_.config;
    if (config.task != "identity") return "";
    for (const double rate : {0.5, 0.2, 0.1, 0.05, 0.02, 0.01}) {
      if (rate >= training_.config.head.sample_rate) continue;
      config.head.sample_rate = rate;
      const int64_t needed = total(footprint_, config);
      if (needed <= available_) return fmt::format("head.sample_rate={} ({})", rate, memory_text(needed));
    }
    return "";
  }

  std::string processes() const {
    for (int64_t times = 2; times * training_.processes.all <= most_processes; times *= 2) {
      const int64_t needed = total(footprint_, training_.config, times);
      if (needed > available_) continue;
      return fmt::format("{} processes, each with {} of its own ({})", times * training_.processes.all,
                         memory_text(available_), memory_text(needed));
    }
    return "";
  }

  std::string together() const {
    TrainConfig config = training_.config;
    config.train.batch_size = 2 * training_.processes.all;
    config.head.sample_rate = std::min(config.head.sample_rate, 0.01);
    return fmt::format(
        "no setting alone helps; with train.gradient_checkpointing, head.sample_rate={} and train.batch_size={} it "
        "would need {}: a smaller model or fewer identities, or more memory",
        config.head.sample_rate, config.train.batch_size,
        memory_text(total(checkpointed_.value_or(footprint_), config)));
  }

  const Footprint& footprint_;
  const PlannedTraining& training_;
  int64_t available_;
  std::optional<Footprint> checkpointed_;
};

}  // namespace

int64_t MemoryPlan::total() const {
  int64_t sum = 0;
  for (const Item& item : items) sum += item.bytes;
  return sum;
}

std::string to_text(const MemoryPlan& plan) {
  std::string text;
  for (const MemoryPlan::Item& item : plan.items) {
    text += fmt::format("  {:<16}{:>9}\n", item.name, memory_text(item.bytes));
  }
  return text + fmt::format("  {:<16}{:>9}, of {}\n", "sum", memory_text(plan.total()), memory_text(plan.available));
}

nlohmann::ordered_json to_json(const MemoryPlan& plan) {
  nlohmann::ordered_json items;
  for (const MemoryPlan::Item& item : plan.items) items[item.name] = item.bytes;
  return {{"items", items}, {"total", plan.total()}, {"available", plan.available}};
}

int64_t largest_batch_size(const Footprint& footprint, const PlannedTraining& training, int64_t available) {
  const int64_t unit = 2 * training.processes.all;  // BatchNorm needs two images
  auto fits = [&](int64_t units) {
    TrainConfig config = training.config;
    config.train.batch_size = units * unit;
    const PlannedTraining smaller{config,          training.classes,  training.images, training.processes,
                                  training.on_cpu, training.snapshots};
    return plan_memory(footprint, smaller, available).fits();
  };
  int64_t low = 0, high = 1;
  while (fits(high) && high < (int64_t{1} << 30)) low = high, high *= 2;
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low * unit;
}

void require_fit(const Footprint& footprint, const PlannedTraining& training, int64_t available,
                 const std::function<Footprint()>& checkpointed) {
  const MemoryPlan plan = plan_memory(footprint, training, available);
  if (plan.fits()) return;
  const auto largest = std::ranges::max(plan.items, {}, &MemoryPlan::Item::bytes);
  throw Error::usage(fmt::format("the training would need {} of memory, {} of it for {}, and this process can have {}",
                                 memory_text(plan.total()), memory_text(largest.bytes), largest.name,
                                 memory_text(available)))
      .key(largest.name.starts_with("head") ? "head.sample_rate" : "train.batch_size")
      .hint(Remedies(footprint, training, available, checkpointed).text());
}

MemoryPlan require_memory(const TrainConfig& config, const TaskData& data, int64_t images, torch::Device device,
                          const Numerics& numerics, const ProcessCount& processes) {
  const int64_t available = available_memory(device, processes);
  const Footprint footprint = measure_footprint(config, data, device, numerics);
  const PlannedTraining training{
      .config = config, .classes = data.classes, .images = images, .processes = processes, .on_cpu = device.is_cpu()};
  require_fit(footprint, training, available, [&] {
    TrainConfig other = config;
    other.train.gradient_checkpointing = true;
    return measure_footprint(other, data, device, numerics);
  });
  return plan_memory(footprint, training, available);
}

}  // namespace facerec
