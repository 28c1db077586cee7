// MobileFaceNet with the module names of arcface_torch (backbones/mobilefacenet.py: mbf, mbf_large), where every block
// is a sequence called "layers".
#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

class Block final : public Layer {
 public:
  explicit Block(std::shared_ptr<Sequence> layers) { layers_ = register_module("layers", std::move(layers)); }
  Tensor forward(const Tensor& x) override { return layers_->forward(x); }

 private:
  std::shared_ptr<Sequence> layers_;
};

LayerPtr linear_block(const ConvShape& shape, torch::Device device) {
  return std::make_shared<Block>(sequence({std::make_shared<Conv>(shape, device), norm(shape.out, device)}));
}

LayerPtr conv_block(const ConvShape& shape, torch::Device device) {
  return std::make_shared<Block>(sequence(
      {std::make_shared<Conv>(shape, device), norm(shape.out, device), std::make_shared<PRelu>(shape.out, device)}));
}

ConvShape pointwise(int64_t in, int64_t out) { return {.in = in, .out = out, .kernel = {1, 1}}; }

ConvShape spatial(int64_t in, int64_t out, int64_t stride, int64_t groups) {
  return {.in = in, .out = out, .kernel = {3, 3}, .stride = stride, .padding = {1, 1}, .groups = groups};
}

// Widen to `inner` channels, filter each, narrow again. With stride 1 the input is added.
class MbfBottleneck final : public Recomputable {
 public:
  MbfBottleneck(int64_t in, int64_t inner, int64_t out, int64_t stride, torch::Device device) : residual_(stride == 1) {
    layers_ = register_module("layers", sequence({conv_block(pointwise(in, inner), device),
                                                  conv_block(spatial(inner, inner, stride, inner), device),
                                                  linear_block(pointwise(inner, out), device)}));
  }

 private:
  Tensor compute(const Tensor& x) override {
    const Tensor y = layers_->forward(x);
    return residual_ ? x + y : y;
  }

  bool residual_;
  std::shared_ptr<Sequence> layers_;
};

LayerPtr bottleneck(int64_t in, int64_t inner, int64_t out, int64_t stride, torch::Device device) {
  return std::make_shared<MbfBottleneck>(in, inner, out, stride, device);
}

LayerPtr stage(int64_t channels, int64_t inner, int count, torch::Device device) {
  auto blocks = sequence({});
  for (int i = 0; i < count; ++i) blocks->append(bottleneck(channels, inner, channels, 1, device));
  return std::make_shared<Block>(blocks);
}

class Mbf final : public Backbone {
 public:
  Mbf(const MbfLayout& layout, const NetworkOptions& options) : Backbone(options.spec) {
    const torch::Device device = options.device;
    const Preprocess& image = options.spec.preprocess;
    const int64_t narrow = 64 * layout.scale, wide = 128 * layout.scale, embedding = options.spec.embedding_size;
    // The widths inside the blocks do not grow with the scale, nor do the 64 groups of the second convolution.
    const LayerPtr second = layout.units[0] == 1 ? conv_block(spatial(narrow, narrow, 1, 64), device)
                                                 : stage(narrow, 128, layout.units[0], device);
    layers_ = register_module(
        "layers", sequence({conv_block(spatial(3, narrow, 2, 1), device), second,
                            bottleneck(narrow, 128, narrow, 2, device), stage(narrow, 128, layout.units[1], device),
                            bottleneck(narrow, 256, wide, 2, device), stage(wide, 256, layout.units[2], device),
                            bottleneck(wide, 512, wide, 2, device), stage(wide, 256, layout.units[3], device)}));
    conv_sep_ = register_module("conv_sep", conv_block(pointwise(wide, 512), device));
    // The last filter of each channel spans what is left of the image.
    const ConvShape global{
        .in = 512, .out = 512, .kernel = {halved(image.height, 4), halved(image.width, 4)}, .groups = 512};
    features_ = register_module(
        "features", std::make_shared<Block>(
                        sequence({linear_block(global, device), std::make_shared<Flatten>(),
                                  std::make_shared<Linear>(512, embedding, false, device), norm(embedding, device)})));
  }

  Tensor forward(Tensor x) override { return features_->forward(conv_sep_->forward(layers_->forward(x))); }

 private:
  LayerPtr layers_, conv_sep_, features_;
};

}  // namespace

std::shared_ptr<Backbone> build_mbf(const MbfLayout& layout, const NetworkOptions& options) {
  return std::make_shared<Mbf>(layout, options);
}

}  // namespace facerec
