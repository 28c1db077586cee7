// Which engine computes a model.
#include "facerec/infer/engine.h"

#include <spdlog/spdlog.h>

#include "facerec/core/error.h"
#include "facerec/model/device.h"
#include "facerec/model/onnx.h"
#include "facerec/model/weights.h"
#include "infer/auto_precision.h"
#include "infer/openvino_engine.h"
#include "infer/openvino_graph.h"
#include "infer/torch_engine.h"

namespace facerec {
namespace {

void check_engine(const EngineOptions& options) {
  if (options.engine != "auto" && options.engine != "libtorch" && options.engine != "openvino") {
    throw Error::usage("'" + options.engine + "' is not an engine").hint("auto, libtorch or openvino");
  }
  if (options.engine == "openvino" && options.device.starts_with("cuda")) {
    throw Error::usage("OpenVINO computes on the CPU, not on " + options.device)
        .hint("run with --device cpu, or with --engine libtorch");
  }
}

// Before the first tensor is made: CUDA's libraries register with LibTorch.
torch::Device device_of(const EngineOptions& options) {
  return open_device(options.engine == "openvino" ? "cpu" : options.device);
}

std::unique_ptr<Engine> torch_engine(const std::shared_ptr<Backbone>& backbone, torch::Device device,
                                     const EngineOptions& options) {
  backbone->to(device);
  return with_precision(options.precision, device.str(),
                        [backbone, device, threads = options.threads](const std::string& precision) {
                          return torch_engine(backbone, device, precision, threads);
                        });
}

// The backbone's weights belong to the graph from here on.
std::unique_ptr<Engine> openvino_engine(Backbone& backbone, const EngineOptions& options) {
  OpenVinoNetwork network{
      .graph = openvino_graph(backbone), .spec = backbone.spec(), .identity = model_identity(backbone)};
  take_pixels(network, "NCHW");
  return with_precision(options.precision, "cpu", [network, threads = options.threads](const std::string& precision) {
    return openvino_engine(network, precision, threads);
  });
}

// Over a backbone that nobody else uses. On a CPU OpenVINO is the faster one at every precision, batch and architecture
// that was measured (README.md, Engines).
std::unique_ptr<Engine> fastest_engine(const std::shared_ptr<Backbone>& backbone, torch::Device device,
                                       const EngineOptions& options) {
  if (device.is_cuda() || options.engine == "libtorch") return torch_engine(backbone, device, options);
  return openvino_engine(*backbone, options);
}

}  // namespace

std::unique_ptr<Engine> engine_of(std::shared_ptr<Backbone> backbone, const EngineOptions& options) {
  const torch::Device device = open_device(options.device);
  backbone->to(device);
  return torch_engine(std::move(backbone), device, resolve_precision(options.precision, device), options.threads);
}

std::unique_ptr<Engine> open_engine(const fs::path& model_file, const EngineOptions& options) {
  check_engine(options);
  if (is_onnx(model_file)) {
    const Recognition found = recognise_onnx(open_onnx(model_file), options.model);
    for (const std::string& warning : found.warnings) spdlog::warn("{}: {}", text_of(model_file), warning);
    return open_onnx_engine(model_file, found.spec, options);
  }
  const torch::Device device = device_of(options);
  return fastest_engine(load_backbone(model_file, options.model), device, options);
}

std::unique_ptr<Engine> untrained_engine(const ModelSpec& spec, const EngineOptions& options) {
  check_engine(options);
  const torch::Device device = device_of(options);
  ModelConfig config;
  config.name = spec.architecture;
  config.embedding_size = spec.embedding_size;
  config.input = {spec.preprocess.width, spec.preprocess.height};
  torch::manual_seed(1);
  return fastest_engine(make_backbone(config), device, options);
}

}  // namespace facerec
