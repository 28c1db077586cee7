#include "train/step_graph.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/core/module.h"
#include "train/step_times.h"

namespace facerec {
namespace {

// What is launched on `next` from now on comes after what was launched on `before`.
void follow(const c10::Stream& before, const c10::Stream& next) {
  c10::Event event(before.device_type());
  event.record(before);
  event.block(next);
}

}  // namespace

void check_recordable(const TrainConfig& config, int64_t processes) {
  if (!config.train.cuda_graph) return;
  auto refuse = [](bool given, const char* reason) {
    if (given) throw Error::usage(std::string("a step cannot be recorded: ") + reason).key("train.cuda_graph");
  };
  refuse(processes > 1, "several processes wait for one another in it");
  refuse(config.head.sample_rate < 1, "the classes that head.sample_rate draws differ in number");
  refuse(!config.loss.metric.empty(), "loss.metric finds its pairs and triplets on the host");
  refuse(config.train.gradient_checkpointing, "train.gradient_checkpointing sets back random numbers in it");
}

std::unique_ptr<DeviceGraph> make_device_graph() {
  static const auto make = reinterpret_cast<DeviceGraph* (*)()>(
      open_module("libfacerec_cuda_graph.so", "facerec_make_graph", "train.cuda_graph",
                  "build with -DFACEREC_CUDA_GRAPH=ON, where the headers of CUDA are; or leave train.cuda_graph off"));
  return std::unique_ptr<DeviceGraph>(make());
}

void StepGraph::keep(const Inputs& inputs) {
  const bool fits = std::ranges::equal(
      inputs, kept_, [](const torch::Tensor& a, const torch::Tensor& b) { return a.sizes() == b.sizes(); });
  if (!fits) {
    kept_.clear();
    graph_.reset();
    calls_ = 0;
  }
  if (kept_.empty()) {
    for (const torch::Tensor& input : inputs) kept_.push_back(torch::empty_like(input));
  }
  for (size_t i = 0; i < inputs.size(); ++i) kept_[i].copy_(inputs[i]);
}

void StepGraph::record(const Body& body) {
  const Unheard no_times;  // events of a recording have none
  auto graph = make_device_graph();
  // A recording takes its memory anew, and what the steps before it have left cannot be given back meanwhile.
  stream_->synchronize();
  c10::getDeviceAllocator(device_.type())->emptyCache();
  graph->begin();
  try {
    body(kept_);
  } catch (...) {
    try {
      graph->end();
    } catch (const std::exception& error) {
      spdlog::debug("the recording was broken off: {}", error.what());
    }
    throw;
  }
  graph->end();
  graph_ = std::move(graph);
  spdlog::debug("the step is recorded as a CUDA graph");
}

void StepGraph::run_on_stream(const Body& body) {
  if (calls_ < warm_up) {
    ++calls_;
    return body(kept_);
  }
  if (!graph_) record(body);
  graph_->replay();
}

void StepGraph::run(const Inputs& inputs, const Body& body) {
  keep(inputs);
  if (device_.is_cpu()) return body(kept_);
  const c10::impl::VirtualGuardImpl gpu(device_.type());
  if (!stream_) stream_ = gpu.getStreamFromGlobalPool(device_);
  const c10::Stream outer = gpu.exchangeStream(*stream_);
  follow(outer, *stream_);
  try {
    run_on_stream(body);
  } catch (...) {
    gpu.exchangeStream(outer);
    throw;
  }
  gpu.exchangeStream(outer);
  follow(*stream_, outer);
}

}  // namespace facerec
