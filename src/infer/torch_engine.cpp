#include "infer/torch_engine.h"

#include <c10/util/ScopeExit.h>

#include <cstring>

#include "facerec/core/parallel.h"
#include "facerec/model/device.h"
#include "facerec/model/weights.h"

namespace facerec {
namespace {

class TorchEngine final : public Engine {
 public:
  TorchEngine(std::shared_ptr<Backbone> backbone, torch::Device device, std::string precision, int threads)
      : backbone_(std::move(backbone)), device_(device), precision_(std::move(precision)), threads_(threads) {}

  const ModelSpec& spec() const override { return backbone_->spec(); }
  std::string identity() const override { return model_identity(*backbone_); }
  Computation computation() const override { return {"libtorch", device_.str(), precision_, ""}; }

  void embed(std::span<const uint8_t> nhwc, int64_t n, std::span<float> out) override {
    at::set_num_threads(threads_);  // of the calling thread, which need not be the one that made the engine
    const torch::InferenceMode inference;
    const auto mode = c10::make_scope_exit([&, training = backbone_->is_training()] { backbone_->train(training); });
    backbone_->eval();
    const Preprocess& preprocess = spec().preprocess;
    const torch::Tensor pixels =
        torch::from_blob(const_cast<uint8_t*>(nhwc.data()), {n, preprocess.height, preprocess.width, 3}, torch::kUInt8)
            .to(device_);
    torch::Tensor embeddings;
    {
      const Autocast autocast(device_, precision_);
      embeddings = published_output(*backbone_, normalise(pixels, preprocess, torch::MemoryFormat::ChannelsLast));
    }
    embeddings = embeddings.to(torch::kCPU, torch::kFloat32).contiguous();
    std::memcpy(out.data(), embeddings.const_data_ptr<float>(), out.size_bytes());
  }

 private:
  std::shared_ptr<Backbone> backbone_;
  torch::Device device_;
  std::string precision_;
  int threads_;
};

}  // namespace

std::unique_ptr<Engine> torch_engine(std::shared_ptr<Backbone> backbone, torch::Device device,
                                     const std::string& precision, int threads) {
  return std::make_unique<TorchEngine>(std::move(backbone), device, precision, resolve_threads(threads));
}

}  // namespace facerec
