// arcface-tf2's ResNet-50 (modules/models.py): Keras' ResNet50 without its top, then BatchNorm, dropout, a dense layer
// and BatchNorm.
//
// Layers are called as Keras calls them, so that its weights map by name: conv1_conv, conv1_bn, conv2_block1_0_conv
// (the shortcut of a stage's first block), conv2_block1_1_conv … conv5_block3_3_bn; and in the output layer, where
// Keras counts, batch_normalization, dense, batch_normalization_1. Keras' kernel is `weight` here, gamma too, beta is
// `bias`, moving_mean and moving_variance are running_mean and running_var. A kernel [h,w,in,out] is transposed to
// [out,in,h,w]; the dense one [in,out] to [out,in], nothing else: features are flattened in Keras' order.
#include <string>

#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

// keras/applications/resnet.py; a momentum of 0.99 there is 0.01 here.
constexpr NormOptions trunk_norm{.eps = 1.001e-5, .momentum = 0.01};
constexpr NormOptions output_norm{.eps = 1e-3, .momentum = 0.01};  // Keras' defaults

struct ConvNorm {
  LayerPtr conv, norm;
  Tensor operator()(const Tensor& x) const { return norm->forward(conv->forward(x)); }
};

// Keras' modules are flat: the backbone itself registers the layers of its blocks, and not the blocks.
class KerasBlock final : public Recomputable {
 public:
  // shortcut: of a stage's first block
  KerasBlock(ConvNorm first, ConvNorm second, ConvNorm third, ConvNorm shortcut)
      : first_(std::move(first)), second_(std::move(second)), third_(std::move(third)), shortcut_(std::move(shortcut)) {
    int index = 0;
    for (const ConvNorm* part : {&first_, &second_, &third_, &shortcut_}) {
      if (!part->conv) continue;
      register_module("conv" + std::to_string(++index), part->conv);
      register_module("norm" + std::to_string(index), part->norm);
    }
  }

 private:
  Tensor compute(const Tensor& x) override {
    const Tensor y = third_(second_(first_(x).relu_()).relu_());
    return (y + (shortcut_.conv ? shortcut_(x) : x)).relu_();
  }

  ConvNorm first_, second_, third_, shortcut_;
};

class ResNet50Tf2 final : public Backbone {
 public:
  explicit ResNet50Tf2(const NetworkOptions& options) : Backbone(options.spec), device_(options.device) {
    const Preprocess& image = options.spec.preprocess;
    const int64_t embedding = options.spec.embedding_size;
    stem_ = conv_norm("conv1", 3, 64, 7, 2);
    int64_t channels = 64;
    for (size_t stage = 0; stage < units.size(); ++stage) {
      for (int unit = 1; unit <= units[stage]; ++unit) {
        const std::string name = "conv" + std::to_string(stage + 2) + "_block" + std::to_string(unit);
        blocks_.push_back(block(name, channels, int64_t{64} << stage, unit == 1, unit == 1 && stage > 0 ? 2 : 1));
        channels = int64_t{256} << stage;
      }
    }
    bn_in_ = register_module("batch_normalization", norm(channels, device_, output_norm));
    dropout_ = register_module("dropout", std::make_shared<Dropout>(options.dropout));
    const int64_t features = channels * halved(image.height, 5) * halved(image.width, 5);
    dense_ = register_module("dense", std::make_shared<Linear>(features, embedding, true, device_));
    bn_out_ = register_module("batch_normalization_1", norm(embedding, device_, output_norm));
  }

  Tensor forward(Tensor x) override {
    // Keras pads with zeros before it pools, torch with −∞: behind a ReLU the maxima are the same.
    x = torch::max_pool2d(stem_(x).relu_(), 3, 2, 1);
    for (const auto& block : blocks_) x = block->forward(x);
    x = dropout_->forward(bn_in_->forward(x));
    return bn_out_->forward(dense_->forward(x.permute({0, 2, 3, 1}).flatten(1)));
  }

  void checkpoint_blocks() override {
    for (const auto& block : blocks_) block->recompute_for_gradient();
  }

 private:
  static constexpr std::array<int, 4> units{3, 4, 6, 3};

  ConvNorm conv_norm(const std::string& name, int64_t in, int64_t out, int64_t kernel, int64_t stride) {
    const int64_t padding = kernel / 2;
    const ConvShape shape{.in = in,
                          .out = out,
                          .kernel = {kernel, kernel},
                          .stride = stride,
                          .padding = {padding, padding},
                          .bias = true};
    return {register_module(name + "_conv", std::make_shared<Conv>(shape, device_)),
            register_module(name + "_bn", norm(out, device_, trunk_norm))};
  }

  // The stride is that of the first convolution, where torchvision's is that of the second.
  std::shared_ptr<KerasBlock> block(const std::string& name, int64_t in, int64_t planes, bool is_first,
                                    int64_t stride) {
    const ConvNorm shortcut = is_first ? conv_norm(name + "_0", in, planes * 4, 1, stride) : ConvNorm{};
    const ConvNorm first = conv_norm(name + "_1", in, planes, 1, stride);
    const ConvNorm second = conv_norm(name + "_2", planes, planes, 3, 1);
    return std::make_shared<KerasBlock>(first, second, conv_norm(name + "_3", planes, planes * 4, 1, 1), shortcut);
  }

  torch::Device device_;  // of construction
  ConvNorm stem_;
  std::vector<std::shared_ptr<KerasBlock>> blocks_;
  LayerPtr bn_in_, dropout_, dense_, bn_out_;
};

}  // namespace

std::shared_ptr<Backbone> build_resnet50_tf2(const NetworkOptions& options) {
  return std::make_shared<ResNet50Tf2>(options);
}

}  // namespace facerec
