#include "train/memory_plan.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <cmath>

#include "facerec/core/memory.h"
#include "facerec/model/head.h"
#include "facerec/model/loss.h"
#include "model/allocation_count.h"
#include "train/learner.h"
#include "train/trial.h"

namespace facerec {
namespace {

int64_t bytes_of(const std::vector<torch::Tensor>& tensors) {
  int64_t bytes = 0;
  for (const torch::Tensor& tensor : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

int64_t slots_of(const OptimizerConfig& config) { return config.name != "sgd" ? 2 : config.momentum > 0 ? 1 : 0; }

ByImages line_through(int64_t images, int64_t bytes, int64_t more_images, int64_t more_bytes) {
  const double slope = static_cast<double>(more_bytes - bytes) / static_cast<double>(more_images - images);
  return {static_cast<double>(bytes) - slope * static_cast<double>(images), slope};
}

// The bytes that a step holds at once beside what the learner holds at all times.
int64_t step_bytes(Learner& learner, const TrainConfig& config, int64_t images, AllocationCount& count) {
  count.reset_peak();
  const int64_t before = count.live();
  learner.step({trial_batch(config, images)}, 0, /*head_only=*/false);
  return count.peak() - before;
}

void measure_network(const TrainConfig& config, const TaskData& data, torch::Device device, const Numerics& numerics,
                     Footprint& footprint) {
  AllocationCount count;
  const World alone;
  Learner learner(config, {trial_classes, data.attributes}, Compute{device, numerics, alone});
  footprint.optimizer = 0;
  for (const auto& [name, tensor] : learner.optimizer_state()) footprint.optimizer += tensor.nbytes();
  footprint.parameters = count.live() - footprint.optimizer;
  step_bytes(learner, config, 2, count);  // sets up the kernels
  // The peak of so few images may lie where all gradients are there: the activations are what comes on top of them.
  const int64_t two = step_bytes(learner, config, 2, count), four = step_bytes(learner, config, 4, count);
  footprint.gradients = 0;
  for (const Part& part : learner.objective().parts()) {
    for (const torch::Tensor& parameter : part.module->parameters()) {
      if (parameter.requires_grad()) footprint.gradients += static_cast<int64_t>(parameter.nbytes());
    }
  }
  footprint.activations = line_through(2, two, 4, four);
  footprint.activations.fixed = std::max(0.0, footprint.activations.fixed - static_cast<double>(footprint.gradients));
}

// Of a head with so many classes alone; what an optimizer would keep is left out.
int64_t head_bytes(const TrainConfig& config, int64_t classes, int64_t images, torch::Device device) {
  const auto head = make_head(config.head, classes, config.model.embedding_size);
  head->to(device);
  const auto labels = torch::arange(images, torch::dtype(torch::kInt64).device(device)).remainder(classes);
  const auto embeddings = torch::randn({images, config.model.embedding_size}, device).requires_grad_();
  const AllocationCount count;
  const auto loss = [&] {  // the logits are not held for longer than a training holds them
    return classification_loss(config.loss.classification, head->logits(embeddings, labels), labels);
  }();
  loss.backward();
  return count.peak();
}

// Everything that a head computes grows with its classes, so that two numbers of them tell what one takes.
double head_bytes_per_class(const TrainConfig& config, int64_t images, torch::Device device) {
  constexpr int64_t few = 1024;
  return static_cast<double>(head_bytes(config, 2 * few, images, device) - head_bytes(config, few, images, device)) /
         few;
}

void measure_head(const TrainConfig& config, torch::Device device, Footprint& footprint) {
  if (config.loss.classification.weight > 0) {
    HeadConfig whole = config.head;
    const auto head = make_head(whole, trial_classes, config.model.embedding_size);
    const int64_t learnt = bytes_of(head->parameters()) / trial_classes;
    footprint.head_row = learnt;
    footprint.head_slots = slots_of(config.optimizer) * learnt;
    const int64_t images = std::clamp<int64_t>(config.train.batch_size, 32, 256);
    const int64_t fewer = images / 2;
    const double half = head_bytes_per_class(config, fewer, device);
    const double all = head_bytes_per_class(config, images, device);
    footprint.head_work.per_image = (all - half) / static_cast<double>(images - fewer);
    footprint.head_work.fixed = all - footprint.head_work.per_image * static_cast<double>(images);
  }
  for (const MetricLossConfig& loss : config.loss.metric) {
    const auto module = make_metric_loss(loss, trial_classes, config.model.embedding_size);
    footprint.head_row += (bytes_of(module->parameters()) + bytes_of(module->buffers())) / trial_classes;
  }
}

// A teacher is measured by its embeddings: its head is that of the training's classes.
TrainConfig for_trial(TrainConfig config) {
  config.train.cuda_graph = false;  // steps of several sizes
  if (config.distill.teacher.empty()) return config;
  config.distill.logit_weight = 0;
  if (config.distill.embedding_weight == 0) config.distill.embedding_weight = 1;
  return config;
}

int64_t rounded(double bytes) { return static_cast<int64_t>(std::llround(bytes)); }

// The first process has the largest.
int64_t first_share(int64_t total, int64_t processes) { return (total + processes - 1) / processes; }

// The images of the batch in use and of those under way, and the order of the epoch (data/loader.h).
int64_t loader_bytes(const TrainConfig& config, int64_t batch, int64_t images) {
  const Size2 size = batch_image_size(config);
  return 5 * batch * size[0] * size[1] * 3 + 2 * 4 * images;
}

// Classes of this process that a step uses.
int64_t used_classes(const TrainConfig& config, int64_t rows) {
  return std::min(rows, rounded(std::ceil(config.head.sample_rate * static_cast<double>(rows))));
}

struct HeadPlan {
  int64_t weights, optimizer, work;
};

// PartialFC computes on copies of the weights and of the optimizer's state of the classes that a step uses.
HeadPlan plan_head(const Footprint& footprint, const PlannedTraining& training) {
  const TrainConfig& config = training.config;
  const int64_t rows = first_share(training.classes, training.processes.all), used = used_classes(config, rows);
  // Every process judges the images of all by its classes.
  double work = footprint.head_work.of(config.train.batch_size) * static_cast<double>(used);
  if (used < rows) work += static_cast<double>((footprint.head_row + footprint.head_slots) * used);
  return {footprint.head_row * rows, footprint.head_slots * rows, rounded(work)};
}

}  // namespace

Footprint measure_footprint(const TrainConfig& config, const TaskData& data, torch::Device device,
                            const Numerics& numerics) {
  const KeepGenerator keep_weights(torch::kCPU), keep_dropout(device);
  Footprint footprint;
  footprint.before = device.is_cpu() ? resident_memory() : 0;
  const TrainConfig trial = for_trial(config);
  measure_network(trial, data, device, numerics, footprint);
  if (config.task == "identity") measure_head(trial, device, footprint);
  return footprint;
}

MemoryPlan plan_memory(const Footprint& footprint, const PlannedTraining& training, int64_t available) {
  const TrainConfig& config = training.config;
  const int64_t batch = first_share(config.train.batch_size, training.processes.all);
  const HeadPlan head = plan_head(footprint, training);
  MemoryPlan plan{{}, available};
  auto add = [&plan](const char* name, int64_t bytes) {
    if (bytes > 0) plan.items.push_back({name, bytes});
  };
  add("program", footprint.before);
  add("parameters", footprint.parameters);
  add("gradients", footprint.gradients);
  add("optimizer", footprint.optimizer);
  add("head", head.weights);
  add("head_optimizer", head.optimizer);
  add("head_work", head.work);
  add("activations", rounded(footprint.activations.of(batch)));
  if (!training.on_cpu) return plan;
  if (training.snapshots) {
    add("snapshot", footprint.parameters + footprint.optimizer + head.weights + head.optimizer);
  }
  add("loader", loader_bytes(config, batch, training.images));
  return plan;
}

int64_t available_memory(torch::Device device, const ProcessCount& processes) {
  if (device.is_cpu()) return resident_memory() + free_memory() / processes.here;
  c10::getDeviceAllocator(device.type())->emptyCache();  // what trials have left counts as free
  const auto [free, total] = c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
  return static_cast<int64_t>(free);
}

}  // namespace facerec
