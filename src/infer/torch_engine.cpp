#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/infer/engine.h"
#include "facerec/model/backbone.h"
#include "facerec/model/device.h"
#include "facerec/model/onnx.h"
#include "facerec/model/weights.h"

namespace facerec {
namespace {

class TorchEngine : public Engine {
 public:
  TorchEngine(std::shared_ptr<Backbone> backbone, torch::Device device, std::string precision)
      : backbone_(std::move(backbone)), device_(device), precision_(std::move(precision)) {}

  const ModelSpec& spec() const override { return backbone_->spec(); }
  std::string identity() const override { return model_identity(*backbone_); }
  Computation computation() const override { return {"libtorch", device_.str(), precision_, ""}; }

  void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) override {
    const torch::InferenceMode inference;
    const Preprocess& preprocess = spec().preprocess;
    const bool was_training = backbone_->is_training();
    backbone_->eval();
    const torch::Tensor pixels =
        torch::from_blob(const_cast<uint8_t*>(nhwc.data()), {n, preprocess.height, preprocess.width, 3}, torch::kUInt8)
            .to(device_);
    torch::Tensor embeddings;
    {
      const Autocast autocast(device_, precision_);
      embeddings = published_output(*backbone_, normalise(pixels, preprocess, torch::MemoryFormat::ChannelsLast));
    }
    embeddings = embeddings.to(torch::kCPU, torch::kFloat32).contiguous();
    if (was_training) backbone_->train();
    std::memcpy(out.data(), embeddings.data_ptr<float>(), out.size_bytes());
  }

 private:
  std::shared_ptr<Backbone> backbone_;
  torch::Device device_;
  std::string precision_;
};

}  // namespace

std::unique_ptr<Engine> engine_of(std::shared_ptr<Backbone> backbone, const EngineOptions& options) {
  const torch::Device device = open_device(options.device);
  at::set_num_threads(resolve_threads(options.threads));
  backbone->to(device);
  return std::make_unique<TorchEngine>(std::move(backbone), device, resolve_precision(options.precision, device));
}

std::unique_ptr<Engine> open_engine(const fs::path& model_file, const EngineOptions& options) {
  if (is_onnx(model_file)) {
    const Recognition found = recognise_onnx(open_onnx(model_file), options.model);
    for (const std::string& warning : found.warnings) spdlog::warn("{}: {}", text_of(model_file), warning);
    return open_onnx_engine(model_file, found.spec, options);
  }
  open_device(options.device);  // before the first tensor is made: CUDA's libraries register with LibTorch
  return engine_of(load_backbone(model_file, options.model), options);
}

std::unique_ptr<Engine> untrained_engine(const ModelSpec& spec, const EngineOptions& options) {
  ModelConfig config;
  config.name = spec.architecture;
  config.embedding_size = spec.embedding_size;
  config.input = {spec.preprocess.width, spec.preprocess.height};
  torch::manual_seed(1);
  return engine_of(make_backbone(config), options);
}

}  // namespace facerec
