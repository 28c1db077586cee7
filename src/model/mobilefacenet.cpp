// MobileFaceNet with the module names of face.evoLVe (backbone/MobileFaceNets.py) and InsightFace_Pytorch, with those
// of Xiaoccer/MobileFaceNet_Pytorch (core/model.py) and with those of foamliu/MobileFaceNet (mobilefacenet.py).
#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

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

// One filter a channel.
ConvShape filter(int64_t channels, int64_t stride) {
  return {.in = channels, .out = channels, .kernel = {3, 3}, .stride = stride, .padding = {1, 1}, .groups = channels};
}

std::shared_ptr<ConvBlock> depthwise(int64_t channels, int64_t stride, torch::Device device) {
  return std::make_shared<ConvBlock>(filter(channels, stride), Kind::activated, device);
}

const ConvShape stem{.in = 3, .out = 64, .kernel = {3, 3}, .stride = 2, .padding = {1, 1}};

// The last filter of each channel spans what is left of the image.
ConvShape global_filter(const ModelSpec& spec) {
  const Preprocess& image = spec.preprocess;
  return {.in = 512, .out = 512, .kernel = {halved(image.height, 4), halved(image.width, 4)}, .groups = 512};
}

// Widen to `inner` channels, filter each channel, narrow again. With stride 1 the input is added.
class DepthWise final : public Recomputable {
 public:
  DepthWise(int64_t in, int64_t inner, int64_t out, int64_t stride, torch::Device device) : residual_(stride == 1) {
    conv_ = register_module("conv", pointwise(in, inner, Kind::activated, device));
    conv_dw_ = register_module("conv_dw", depthwise(inner, stride, device));
    project_ = register_module("project", pointwise(inner, out, Kind::linear, device));
  }

 private:
  Tensor compute(const Tensor& x) override {
    Tensor y = project_->forward(conv_dw_->forward(conv_->forward(x)));
    return residual_ ? y.add_(x) : y;
  }

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
    auto add = [this](const char* name, LayerPtr layer) { layers_.push_back(register_module(name, std::move(layer))); };
    add("conv1", std::make_shared<ConvBlock>(stem, Kind::activated, device));
    add("conv2_dw", depthwise(64, 1, device));
    add("conv_23", std::make_shared<DepthWise>(64, 128, 64, 2, device));
    add("conv_3", std::make_shared<Residual>(64, 128, 4, device));
    add("conv_34", std::make_shared<DepthWise>(64, 256, 128, 2, device));
    add("conv_4", std::make_shared<Residual>(128, 256, 6, device));
    add("conv_45", std::make_shared<DepthWise>(128, 512, 128, 2, device));
    add("conv_5", std::make_shared<Residual>(128, 256, 2, device));
    add("conv_6_sep", pointwise(128, 512, Kind::activated, device));
    add("conv_6_dw", std::make_shared<ConvBlock>(global_filter(options.spec), Kind::linear, device));
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

// Xiaoccer and foamliu follow the paper's table (Chen et al., MobileFaceNets, 2018) bottleneck by bottleneck.
struct BottleneckStage {
  int64_t expansion, channels;
  int units;
  int64_t stride;
};
constexpr BottleneckStage bottleneck_stages[] = {
    {2, 64, 5, 2}, {4, 128, 1, 2}, {2, 128, 6, 1}, {4, 128, 1, 2}, {2, 128, 2, 1}};

// A sequence called "conv", to which the input is added where the shapes allow it.
class MobileFaceNetBottleneck final : public Recomputable {
 public:
  MobileFaceNetBottleneck(std::shared_ptr<Sequence> layers, bool residual) : residual_(residual) {
    conv_ = register_module("conv", std::move(layers));
  }

 private:
  Tensor compute(const Tensor& x) override {
    const Tensor y = conv_->forward(x);
    return residual_ ? x + y : y;
  }

  bool residual_;
  std::shared_ptr<Sequence> conv_;
};

// The layers of one bottleneck.
using Widened = std::shared_ptr<Sequence> (*)(int64_t in, int64_t inner, int64_t out, int64_t stride, torch::Device);

std::shared_ptr<Sequence> bottlenecks(Widened layers, torch::Device device) {
  auto blocks = sequence({});
  int64_t in = 64;
  for (const BottleneckStage& stage : bottleneck_stages) {
    for (int i = 0; i < stage.units; ++i) {
      const int64_t stride = i == 0 ? stage.stride : 1;
      blocks->append(std::make_shared<MobileFaceNetBottleneck>(
          layers(in, in * stage.expansion, stage.channels, stride, device), stride == 1 && in == stage.channels));
      in = stage.channels;
    }
  }
  return blocks;
}

std::shared_ptr<Conv> filter(int64_t channels, int64_t stride, torch::Device device) {
  return std::make_shared<Conv>(filter(channels, stride), device);
}

std::shared_ptr<Sequence> xiaoccer_layers(int64_t in, int64_t inner, int64_t out, int64_t stride,
                                          torch::Device device) {
  return sequence({conv(in, inner, 1, 1, device), norm(inner, device), std::make_shared<PRelu>(inner, device),
                   filter(inner, stride, device), norm(inner, device), std::make_shared<PRelu>(inner, device),
                   conv(inner, out, 1, 1, device), norm(out, device)});
}

class XiaoccerMobileFaceNet final : public Backbone {
 public:
  explicit XiaoccerMobileFaceNet(const NetworkOptions& options) : Backbone(options.spec) {
    const torch::Device device = options.device;
    auto add = [this](const char* name, LayerPtr layer) { layers_.push_back(register_module(name, std::move(layer))); };
    add("conv1", std::make_shared<ConvBlock>(stem, Kind::activated, device));
    add("dw_conv1", depthwise(64, 1, device));
    add("blocks", bottlenecks(xiaoccer_layers, device));
    add("conv2", pointwise(128, 512, Kind::activated, device));
    add("linear7", std::make_shared<ConvBlock>(global_filter(options.spec), Kind::linear, device));
    add("linear1", pointwise(512, options.spec.embedding_size, Kind::linear, device));
  }

  Tensor forward(Tensor x) override {
    for (const LayerPtr& layer : layers_) x = layer->forward(x);
    return x.flatten(1);
  }

 private:
  std::vector<LayerPtr> layers_;
};

std::shared_ptr<Sequence> with_relu6(std::shared_ptr<Conv> conv, int64_t out, torch::Device device) {
  return sequence({std::move(conv), norm(out, device), std::make_shared<Relu6>()});
}

std::shared_ptr<Sequence> foamliu_layers(int64_t in, int64_t inner, int64_t out, int64_t stride, torch::Device device) {
  return sequence({with_relu6(conv(in, inner, 1, 1, device), inner, device),
                   with_relu6(filter(inner, stride, device), inner, device), conv(inner, out, 1, 1, device),
                   norm(out, device)});
}

// The second layer of foamliu's.
class SeparableConv final : public Layer {
 public:
  SeparableConv(int64_t channels, torch::Device device) {
    depthwise_ = register_module("depthwise", filter(channels, 1, device));
    pointwise_ = register_module("pointwise", conv(channels, channels, 1, 1, device));
    bn1_ = register_module("bn1", norm(channels, device));
    bn2_ = register_module("bn2", norm(channels, device));
  }
  Tensor forward(const Tensor& x) override {
    const Tensor y = bn1_->forward(depthwise_->forward(x)).relu_();
    return bn2_->forward(pointwise_->forward(y)).relu_();
  }

 private:
  LayerPtr depthwise_, pointwise_, bn1_, bn2_;
};

class GlobalConv final : public Layer {
 public:
  explicit GlobalConv(const ConvShape& shape, torch::Device device) {
    depthwise_ = register_module("depthwise", std::make_shared<Conv>(shape, device));
    bn_ = register_module("bn", norm(shape.out, device));
  }
  Tensor forward(const Tensor& x) override { return bn_->forward(depthwise_->forward(x)); }

 private:
  LayerPtr depthwise_, bn_;
};

class FoamliuMobileFaceNet final : public Backbone {
 public:
  explicit FoamliuMobileFaceNet(const NetworkOptions& options) : Backbone(options.spec) {
    const torch::Device device = options.device;
    const int64_t embedding = options.spec.embedding_size;
    const ConvShape last{.in = 512, .out = embedding, .kernel = {1, 1}, .bias = true};
    conv1_ = register_module("conv1", with_relu6(std::make_shared<Conv>(stem, device), 64, device));
    dw_conv_ = register_module("dw_conv", std::make_shared<SeparableConv>(64, device));
    conv2_ = register_module("conv2", with_relu6(conv(128, 512, 1, 1, device), 512, device));
    gdconv_ = register_module("gdconv", std::make_shared<GlobalConv>(global_filter(options.spec), device));
    conv3_ = register_module("conv3", std::make_shared<Conv>(last, device));
    bn_ = register_module("bn", norm(embedding, device));
    // Registered last: so it stands in published state dicts.
    features_ = register_module("features", bottlenecks(foamliu_layers, device));
  }

  Tensor forward(Tensor x) override {
    x = features_->forward(dw_conv_->forward(conv1_->forward(x)));
    return bn_->forward(conv3_->forward(gdconv_->forward(conv2_->forward(x)))).flatten(1);
  }

 private:
  LayerPtr conv1_, dw_conv_, conv2_, gdconv_, conv3_, bn_, features_;
};

}  // namespace

std::shared_ptr<Backbone> build_mobilefacenet(const NetworkOptions& options) {
  return std::make_shared<MobileFaceNet>(options);
}

std::shared_ptr<Backbone> build_mobilefacenet_xiaoccer(const NetworkOptions& options) {
  return std::make_shared<XiaoccerMobileFaceNet>(options);
}

std::shared_ptr<Backbone> build_mobilefacenet_foamliu(const NetworkOptions& options) {
  return std::make_shared<FoamliuMobileFaceNet>(options);
}

}  // namespace facerec
