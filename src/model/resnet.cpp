// ResNet-50 with the module names of face.evoLVe (backbone/model_resnet.py): torchvision's trunk, and a linear layer
// between two BatchNorms in place of the pooled classifier.
#include <string>

#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

class ResNetBottleneck final : public Recomputable {
 public:
  static constexpr int64_t expansion = 4;

  ResNetBottleneck(int64_t in, int64_t planes, int64_t stride, torch::Device device) {
    const int64_t out = planes * expansion;
    conv1_ = register_module("conv1", conv(in, planes, 1, 1, device));
    bn1_ = register_module("bn1", norm(planes, device));
    conv2_ = register_module("conv2", conv(planes, planes, 3, stride, device));
    bn2_ = register_module("bn2", norm(planes, device));
    conv3_ = register_module("conv3", conv(planes, out, 1, 1, device));
    bn3_ = register_module("bn3", norm(out, device));
    if (stride != 1 || in != out) {
      downsample_ = register_module("downsample", sequence({conv(in, out, 1, stride, device), norm(out, device)}));
    }
  }

 private:
  Tensor compute(const Tensor& x) override {
    Tensor y = bn1_->forward(conv1_->forward(x)).relu_();
    y = bn2_->forward(conv2_->forward(y)).relu_();
    y = bn3_->forward(conv3_->forward(y));
    return y.add_(downsample_ ? downsample_->forward(x) : x).relu_();
  }

  std::shared_ptr<Conv> conv1_, conv2_, conv3_;
  std::shared_ptr<BatchNorm> bn1_, bn2_, bn3_;
  std::shared_ptr<Sequence> downsample_;
};

class ResNet50 final : public Backbone {
 public:
  explicit ResNet50(const NetworkOptions& options) : Backbone(options.spec) {
    const torch::Device device = options.device;
    const Preprocess& image = options.spec.preprocess;
    const int64_t embedding = options.spec.embedding_size;
    conv1_ = register_module("conv1", conv(3, 64, 7, 2, device));
    bn1_ = register_module("bn1", norm(64, device));
    int64_t channels = 64;
    for (size_t i = 0; i < units.size(); ++i) {
      const int64_t planes = int64_t{64} << i;
      layers_[i] =
          register_module("layer" + std::to_string(i + 1), stage(channels, planes, units[i], i == 0 ? 1 : 2, device));
      channels = planes * ResNetBottleneck::expansion;
    }
    bn_o1_ = register_module("bn_o1", norm(channels, device));
    dropout_ = register_module("dropout", std::make_shared<Dropout>(options.dropout));
    const int64_t features = channels * halved(image.height, 5) * halved(image.width, 5);
    fc_ = register_module("fc", std::make_shared<Linear>(features, embedding, true, device));
    bn_o2_ = register_module("bn_o2", norm(embedding, device));
  }

  Tensor forward(Tensor x) override {
    x = bn1_->forward(conv1_->forward(x)).relu_();
    x = torch::max_pool2d(x, 3, 2, 1);
    for (const auto& layer : layers_) x = layer->forward(x);
    x = dropout_->forward(bn_o1_->forward(x)).flatten(1);
    return bn_o2_->forward(fc_->forward(x));
  }

 private:
  static constexpr std::array<int, 4> units{3, 4, 6, 3};

  static std::shared_ptr<Sequence> stage(int64_t in, int64_t planes, int count, int64_t stride, torch::Device device) {
    auto blocks = sequence({std::make_shared<ResNetBottleneck>(in, planes, stride, device)});
    for (int i = 1; i < count; ++i) {
      blocks->append(std::make_shared<ResNetBottleneck>(planes * ResNetBottleneck::expansion, planes, 1, device));
    }
    return blocks;
  }

  std::shared_ptr<Conv> conv1_;
  std::shared_ptr<BatchNorm> bn1_, bn_o1_, bn_o2_;
  std::array<std::shared_ptr<Sequence>, 4> layers_;
  std::shared_ptr<Dropout> dropout_;
  std::shared_ptr<Linear> fc_;
};

}  // namespace

std::shared_ptr<Backbone> build_resnet50(const NetworkOptions& options) { return std::make_shared<ResNet50>(options); }

}  // namespace facerec
