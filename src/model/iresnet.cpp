// IResNet with the module names of arcface_torch (backbones/iresnet.py): IR units, of which the first of every stage
// has a convolution as its shortcut.
#include <string>

#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

class IResNetUnit final : public Recomputable {
 public:
  IResNetUnit(int64_t in, int64_t out, int64_t stride, torch::Device device) {
    bn1_ = register_module("bn1", norm(in, device));
    conv1_ = register_module("conv1", conv(in, out, 3, 1, device));
    bn2_ = register_module("bn2", norm(out, device));
    prelu_ = register_module("prelu", std::make_shared<PRelu>(out, device));
    conv2_ = register_module("conv2", conv(out, out, 3, stride, device));
    bn3_ = register_module("bn3", norm(out, device));
    if (stride == 1) return;
    downsample_ = register_module("downsample", sequence({conv(in, out, 1, stride, device), norm(out, device)}));
  }

 private:
  Tensor compute(const Tensor& x) override {
    const Tensor y = prelu_->forward(bn2_->forward(conv1_->forward(bn1_->forward(x))));
    return bn3_->forward(conv2_->forward(y)).add_(downsample_ ? downsample_->forward(x) : x);
  }

  LayerPtr bn1_, conv1_, bn2_, prelu_, conv2_, bn3_, downsample_;
};

class IResNet final : public Backbone {
 public:
  IResNet(const std::array<int, 4>& units, const NetworkOptions& options) : Backbone(options.spec) {
    const torch::Device device = options.device;
    const Preprocess& image = options.spec.preprocess;
    const int64_t embedding = options.spec.embedding_size;
    int64_t channels = 64;
    add("conv1", conv(3, channels, 3, 1, device));
    add("bn1", norm(channels, device));
    add("prelu", std::make_shared<PRelu>(channels, device));
    for (size_t i = 0; i < units.size(); ++i) {
      const int64_t out = int64_t{64} << i;
      add("layer" + std::to_string(i + 1), stage(channels, out, units[i], device));
      channels = out;
    }
    add("bn2", norm(channels, device));
    add("dropout", std::make_shared<Dropout>(options.dropout));
    add("flatten", std::make_shared<Flatten>());
    const int64_t features = channels * halved(image.height, 4) * halved(image.width, 4);
    add("fc", std::make_shared<Linear>(features, embedding, true, device));
    const auto last = norm(embedding, device);
    last->weight.set_requires_grad(false);  // stays 1: the published code freezes it
    add("features", last);
  }

  Tensor forward(Tensor x) override {
    for (const LayerPtr& layer : layers_) x = layer->forward(x);
    return x;
  }

 private:
  void add(const std::string& name, LayerPtr layer) { layers_.push_back(register_module(name, std::move(layer))); }

  static LayerPtr stage(int64_t in, int64_t out, int count, torch::Device device) {
    auto units = sequence({std::make_shared<IResNetUnit>(in, out, 2, device)});
    for (int i = 1; i < count; ++i) units->append(std::make_shared<IResNetUnit>(out, out, 1, device));
    return units;
  }

  std::vector<LayerPtr> layers_;
};

}  // namespace

std::shared_ptr<Backbone> build_iresnet(const std::array<int, 4>& units, const NetworkOptions& options) {
  return std::make_shared<IResNet>(units, options);
}

}  // namespace facerec
