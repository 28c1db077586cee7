// IR and IR-SE networks with the module names of face.evoLVe (backbone/model_irse.py), which InsightFace_Pytorch and
// FaceX-Zoo share, and with those of TFace (torchkit/backbone/model_irse.py), which AdaFace (net.py) and CVLface share.
#include "model/backbones.h"
#include "model/layers.h"
#include "model/recompute.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

LayerPtr activation(const IrLayout& layout, int64_t channels, torch::Device device) {
  if (layout.relu) return std::make_shared<Relu>();
  return std::make_shared<PRelu>(channels, device);
}

// Scales each channel by a gate computed from the means of all channels.
class SqueezeExcitation final : public Layer {
 public:
  SqueezeExcitation(int64_t channels, torch::Device device) {
    constexpr int64_t reduction = 16;
    fc1_ = register_module("fc1", conv(channels, channels / reduction, 1, 1, device));
    fc2_ = register_module("fc2", conv(channels / reduction, channels, 1, 1, device));
  }
  Tensor forward(const Tensor& x) override {
    const Tensor squeezed = torch::relu(fc1_->forward(torch::adaptive_avg_pool2d(x, {1, 1})));
    return x * torch::sigmoid(fc2_->forward(squeezed));
  }

 private:
  LayerPtr fc1_, fc2_;
};

class IrUnit final : public Recomputable {
 public:
  IrUnit(const IrLayout& layout, int64_t in, int64_t out, int64_t stride, torch::Device device) : stride_(stride) {
    if (in != out) {
      shortcut_ = register_module("shortcut_layer", sequence({conv(in, out, 1, stride, device), norm(out, device)}));
    }
    residual_ = register_module("res_layer", sequence({norm(in, device), conv(in, out, 3, 1, device)}));
    if (layout.tface) residual_->append(norm(out, device));
    residual_->append(activation(layout, out, device));
    residual_->append(conv(out, out, 3, stride, device));
    residual_->append(norm(out, device));
    if (!layout.squeeze_excitation) return;
    auto gate = std::make_shared<SqueezeExcitation>(out, device);
    layout.tface ? residual_->append("se_block", gate) : residual_->append(gate);
  }

 private:
  Tensor compute(const Tensor& x) override { return residual_->forward(x).add_(shortcut(x)); }

  // Where the channels stay, the published code pools with a window of 1: every stride-th pixel.
  Tensor shortcut(const Tensor& x) const {
    if (shortcut_) return shortcut_->forward(x);
    return stride_ == 1 ? x : x.slice(2, 0, {}, stride_).slice(3, 0, {}, stride_);
  }

  int64_t stride_;
  std::shared_ptr<Sequence> shortcut_, residual_;
};

class IrBackbone final : public Backbone {
 public:
  IrBackbone(const IrLayout& layout, const NetworkOptions& options) : Backbone(options.spec) {
    const torch::Device device = options.device;
    const int64_t stem = layout.stem_channels, last = layout.stages.back().channels;
    const int halvings = static_cast<int>(layout.stages.size()) + (layout.stem_stride == 2 ? 1 : 0);
    const Preprocess& image = options.spec.preprocess;
    const int64_t features = last * halved(image.height, halvings) * halved(image.width, halvings);
    const int64_t embedding = options.spec.embedding_size;

    input_ = register_module("input_layer", sequence({conv(3, stem, 3, layout.stem_stride, device), norm(stem, device),
                                                      activation(layout, stem, device)}));
    // Registered before the body: so it stands in published state dicts.
    output_ = register_module("output_layer", sequence({norm(last, device), std::make_shared<Dropout>(options.dropout),
                                                        std::make_shared<Flatten>(),
                                                        std::make_shared<Linear>(features, embedding, true, device),
                                                        norm(embedding, device, {.affine = !layout.tface})}));
    body_ = register_module("body", body(layout, device));
  }

  Tensor forward(Tensor x) override { return output_->forward(body_->forward(input_->forward(x))); }

 private:
  static std::shared_ptr<Sequence> body(const IrLayout& layout, torch::Device device) {
    auto units = sequence({});
    int64_t in = layout.stem_channels;
    for (const IrLayout::Stage& stage : layout.stages) {
      for (int i = 0; i < stage.units; ++i) {
        units->append(std::make_shared<IrUnit>(layout, in, stage.channels, i == 0 ? 2 : 1, device));
        in = stage.channels;
      }
    }
    return units;
  }

  std::shared_ptr<Sequence> input_, output_, body_;
};

}  // namespace

std::shared_ptr<Backbone> build_ir(const IrLayout& layout, const NetworkOptions& options) {
  return std::make_shared<IrBackbone>(layout, options);
}

}  // namespace facerec
