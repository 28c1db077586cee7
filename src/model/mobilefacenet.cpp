// MobileFaceNet with the module names of face.evoLVe (backbone/MobileFaceNets.py) and InsightFace_Pytorch.
#include "model/backbones.h"
#include "model/layers.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

// conv, bn and, unless linear, prelu.
class ConvBlock final : public Layer {
 public:
  enum class Kind { activated, linear };

  ConvBlock(const ConvShape& shape, Kind kind, torch::Device device) {
    conv_ = register_module("conv", std::make_shared<Conv>(shape, device));
    bn_ = register_module("bn", std::make_shared<BatchNorm>(shape.out, device));
    if (kind == Kind::activated) prelu_ = register_module("prelu", std::make_shared<PRelu>(shape.out, device));
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = bn_->forward(conv_->forward(x));
    return prelu_ ? prelu_->forward(y) : y;
  }

 private:
  std::shared_ptr<Conv> conv_;
  std::shared_ptr<BatchNorm> bn_;
  std::shared_ptr<PRelu> prelu_;
};

using Kind = ConvBlock::Kind;

std::shared_ptr<ConvBlock> pointwise(int64_t in, int64_t out, Kind kind, torch::Device device) {
  return std::make_shared<ConvBlock>(ConvShape{.in = in, .out = out, .kernel = {1, 1}}, kind, device);
}

std::shared_ptr<ConvBlock> depthwise(int64_t channels, int64_t stride, torch::Device device) {
  const ConvShape shape{
      .in = channels, .out = channels, .kernel = {3, 3}, .stride = stride, .padding = {1, 1}, .groups = channels};
  return std::make_shared<ConvBlock>(shape, Kind::activated, device);
}

// Widen to `inner` channels, filter each channel, narrow again. With stride 1 the input is added.
class DepthWise final : public Layer {
 public:
  DepthWise(int64_t in, int64_t inner, int64_t out, int64_t stride, torch::Device device) : residual_(stride == 1) {
    conv_ = register_module("conv", pointwise(in, inner, Kind::activated, device));
    conv_dw_ = register_module("conv_dw", depthwise(inner, stride, device));
    project_ = register_module("project", pointwise(inner, out, Kind::linear, device));
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = project_->forward(conv_dw_->forward(conv_->forward(x)));
    return residual_ ? y.add_(x) : y;
  }

 private:
  bool residual_;
  std::shared_ptr<ConvBlock> conv_, conv_dw_, project_;
};

class Residual final : public Layer {
 public:
  Residual(int64_t channels, int64_t inner, int count, torch::Device device) {
    model_ = register_module("model", sequence({}));
    for (int i = 0; i < count; ++i) model_->append(std::make_shared<DepthWise>(channels, inner, channels, 1, device));
  }
  Tensor forward(const Tensor& x) override { return model_->forward(x); }

 private:
  std::shared_ptr<Sequence> model_;
};

class MobileFaceNet final : public Backbone {
 public:
  explicit MobileFaceNet(const NetworkOptions& options) : Backbone(options.spec) {
    const torch::Device device = options.device;
    const Preprocess& image = options.spec.preprocess;
    auto add = [this](const char* name, LayerPtr layer) { layers_.push_back(register_module(name, std::move(layer))); };
    const ConvShape stem{.in = 3, .out = 64, .kernel = {3, 3}, .stride = 2, .padding = {1, 1}};
    // The last filter of each channel spans what is left of the image.
    const ConvShape global{
        .in = 512, .out = 512, .kernel = {halved(image.height, 4), halved(image.width, 4)}, .groups = 512};
    add("conv1", std::make_shared<ConvBlock>(stem, Kind::activated, device));
    add("conv2_dw", depthwise(64, 1, device));
    add("conv_23", std::make_shared<DepthWise>(64, 128, 64, 2, device));
    add("conv_3", std::make_shared<Residual>(64, 128, 4, device));
    add("conv_34", std::make_shared<DepthWise>(64, 256, 128, 2, device));
    add("conv_4", std::make_shared<Residual>(128, 256, 6, device));
    add("conv_45", std::make_shared<DepthWise>(128, 512, 128, 2, device));
    add("conv_5", std::make_shared<Residual>(128, 256, 2, device));
    add("conv_6_sep", pointwise(128, 512, Kind::activated, device));
    add("conv_6_dw", std::make_shared<ConvBlock>(global, Kind::linear, device));
    add("conv_6_flatten", std::make_shared<Flatten>());
    add("linear", std::make_shared<Linear>(512, options.spec.embedding_size, false, device));
    add("bn", std::make_shared<BatchNorm>(options.spec.embedding_size, device));
  }

  Tensor forward(Tensor x) override {
    for (const LayerPtr& layer : layers_) x = layer->forward(x);
    return x;
  }

 private:
  std::vector<LayerPtr> layers_;
};

}  // namespace

std::shared_ptr<Backbone> build_mobilefacenet(const NetworkOptions& options) {
  return std::make_shared<MobileFaceNet>(options);
}

}  // namespace facerec
