#include "train/step_graph.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <spdlog/spdlog.h>

#include "facerec/core/error.h"

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

void StepGraph::keep(const Inputs& inputs) {
  if (kept_.empty()) {
    for (const torch::Tensor& input : inputs) kept_.push_back(torch::empty_like(input));
  }
  for (size_t i = 0; i < inputs.size(); ++i) kept_[i].copy_(inputs[i]);
}

void StepGraph::run_on_stream(const Body& body) {
  if (calls_ < warm_up) {
    ++calls_;
    return body(kept_);
  }
  if (!graph_) {
    graph_.emplace();
    graph_->capture_begin();
    body(kept_);
    graph_->capture_end();
    spdlog::debug("the step is recorded as a CUDA graph");
  }
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
