// EfficientNet-B0 with the module names of lukemelas/EfficientNet-PyTorch, and FaceX-Zoo's change of it
// (backbone/EfficientNets.py): a stem of stride 1 and a linear layer on the flattened 7 × 7. lukemelas' image_size is
// that of the configuration here, where its default would pad every image as if it were 224 × 224.
#include <algorithm>

#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

constexpr NormOptions tensorflow_norm{.eps = 1e-3, .momentum = 0.01};
constexpr double drop_connect = 0.2;  // what the last block would have; the others' rise linearly from 0
constexpr int64_t last_channels = 1280;

struct Stage {
  int units;
  int64_t kernel, stride, expansion, in, out;
};

// Tan and Le, EfficientNet (2019), table 1.
constexpr Stage stages[] = {
    {1, 3, 1, 1, 32, 16},  {2, 3, 2, 6, 16, 24},   {2, 5, 2, 6, 24, 40},   {3, 3, 2, 6, 40, 80},
    {3, 5, 1, 6, 80, 112}, {4, 5, 2, 6, 112, 192}, {1, 3, 1, 6, 192, 320},
};

constexpr int count_blocks() {
  int count = 0;
  for (const Stage& stage : stages) count += stage.units;
  return count;
}

// The size of the image between two layers, height and width, and the one for which the next layer is padded.
struct Plane {
  std::array<int64_t, 2> actual, assumed;
};

// A convolution padded like TensorFlow's "same" for the assumed size. The plane becomes the one behind it.
std::shared_ptr<Conv> same_conv(ConvShape shape, Plane& plane, torch::Device device) {
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t stride = shape.stride, kernel = shape.kernel[axis];
    const int64_t after = (plane.assumed[axis] + stride - 1) / stride;
    const int64_t zeros = std::max<int64_t>((after - 1) * stride + kernel - plane.assumed[axis], 0);
    shape.padding[axis] = zeros / 2;
    shape.extra[axis] = zeros % 2;
    plane.assumed[axis] = after;
    plane.actual[axis] = (plane.actual[axis] + zeros - kernel) / stride + 1;
  }
  return std::make_shared<Conv>(shape, device);
}

std::shared_ptr<Conv> biased(int64_t in, int64_t out, torch::Device device) {
  return std::make_shared<Conv>(ConvShape{.in = in, .out = out, .kernel = {1, 1}, .bias = true}, device);
}

// Widen, filter each channel, scale the channels by a gate, narrow; the input is added where the shapes allow it.
class EfficientNetBlock final : public Recomputable {
 public:
  EfficientNetBlock(const Stage& shape, double drop, Plane& plane, torch::Device device)
      : residual_(shape.stride == 1 && shape.in == shape.out), drop_(drop) {
    const int64_t inner = shape.in * shape.expansion, squeezed = std::max<int64_t>(shape.in / 4, 1);
    const ConvShape filter{
        .in = inner, .out = inner, .kernel = {shape.kernel, shape.kernel}, .stride = shape.stride, .groups = inner};
    if (shape.expansion != 1) {
      expand_ = register_module("_expand_conv", conv(shape.in, inner, 1, 1, device));
      bn0_ = register_module("_bn0", norm(inner, device, tensorflow_norm));
    }
    depthwise_ = register_module("_depthwise_conv", same_conv(filter, plane, device));
    bn1_ = register_module("_bn1", norm(inner, device, tensorflow_norm));
    reduce_ = register_module("_se_reduce", biased(inner, squeezed, device));
    enlarge_ = register_module("_se_expand", biased(squeezed, inner, device));
    project_ = register_module("_project_conv", conv(inner, shape.out, 1, 1, device));
    bn2_ = register_module("_bn2", norm(shape.out, device, tensorflow_norm));
  }

 private:
  Tensor compute(const Tensor& x) override {
    Tensor y = expand_ ? torch::silu(bn0_->forward(expand_->forward(x))) : x;
    y = torch::silu(bn1_->forward(depthwise_->forward(y)));
    const Tensor squeezed = torch::silu(reduce_->forward(torch::adaptive_avg_pool2d(y, {1, 1})));
    y = bn2_->forward(project_->forward(y * torch::sigmoid(enlarge_->forward(squeezed))));
    return residual_ ? drop_samples(y, drop_, is_training()) + x : y;
  }

  bool residual_;
  double drop_;
  LayerPtr expand_, bn0_, depthwise_, bn1_, reduce_, enlarge_, project_, bn2_;
};

class EfficientNetB0 final : public Backbone {
 public:
  EfficientNetB0(const EfficientNetLayout& layout, const NetworkOptions& options)
      : Backbone(options.spec), flattened_(layout.flattened) {
    const torch::Device device = options.device;
    const Preprocess& image = options.spec.preprocess;
    const int64_t embedding = options.spec.embedding_size;
    Plane plane{.actual = {image.height, image.width}, .assumed = {image.height, image.width}};

    const ConvShape stem{.in = 3, .out = 32, .kernel = {3, 3}, .stride = layout.stem_stride};
    stem_ = register_module("_conv_stem", same_conv(stem, plane, device));
    bn0_ = register_module("_bn0", norm(32, device, tensorflow_norm));
    auto assumed = [&](int side) { return (side + layout.assumed_stem_stride - 1) / layout.assumed_stem_stride; };
    plane.assumed = {assumed(image.height), assumed(image.width)};
    blocks_ = register_module("_blocks", blocks(plane, device));
    head_ = register_module("_conv_head", conv(320, last_channels, 1, 1, device));
    bn1_ = register_module("_bn1", norm(last_channels, device, tensorflow_norm));
    const auto dropout = std::make_shared<Dropout>(options.dropout);
    fc_ = register_module("_fc", std::make_shared<Linear>(last_channels, flattened_ ? 1000 : embedding, true, device));
    if (!flattened_) {
      dropout_ = register_module("_dropout", dropout);
      return;
    }
    // FaceX-Zoo keeps the classifier in its files and never uses it.
    for (Tensor& parameter : fc_->parameters()) parameter.set_requires_grad(false);
    const int64_t features = last_channels * plane.actual[0] * plane.actual[1];
    output_ = register_module(
        "output_layer",
        sequence({norm(last_channels, device), dropout, std::make_shared<Flatten>(),
                  std::make_shared<Linear>(features, embedding, true, device), norm(embedding, device)}));
  }

  Tensor forward(Tensor x) override {
    x = blocks_->forward(torch::silu(bn0_->forward(stem_->forward(x))));
    x = torch::silu(bn1_->forward(head_->forward(x)));
    if (flattened_) return output_->forward(x);
    return fc_->forward(dropout_->forward(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1)));
  }

 private:
  static std::shared_ptr<Sequence> blocks(Plane& plane, torch::Device device) {
    auto blocks = sequence({});
    int index = 0;
    for (Stage stage : stages) {
      for (int i = 0; i < stage.units; ++i) {
        blocks->append(
            std::make_shared<EfficientNetBlock>(stage, drop_connect * index++ / count_blocks(), plane, device));
        stage.in = stage.out;
        stage.stride = 1;
      }
    }
    return blocks;
  }

  bool flattened_;
  LayerPtr stem_, bn0_, blocks_, head_, bn1_, dropout_, fc_, output_;
};

}  // namespace

std::shared_ptr<Backbone> build_efficientnet_b0(const EfficientNetLayout& layout, const NetworkOptions& options) {
  return std::make_shared<EfficientNetB0>(layout, options);
}

}  // namespace facerec
