#include "model/rcan.h"

#include "facerec/core/error.h"
#include "model/initialise.h"
#include "model/super_resolution_layers.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;

class Sigmoid final : public Layer {
 public:
  Tensor forward(const Tensor& x) override { return torch::sigmoid(x); }
};

// What multiplies each channel is computed from the means of all.
class ChannelAttention final : public Layer {
 public:
  ChannelAttention(const RcanLayout& layout, torch::Device device) {
    conv_du_ = register_module(
        "conv_du", sequence({filter(layout.features, layout.attention, 1, device), std::make_shared<Relu>(),
                             filter(layout.attention, layout.features, 1, device), std::make_shared<Sigmoid>()}));
  }
  Tensor forward(const Tensor& x) override { return x * conv_du_->forward(torch::adaptive_avg_pool2d(x, {1, 1})); }

 private:
  LayerPtr conv_du_;
};

class Residual final : public Layer {
 public:
  explicit Residual(LayerPtr body) { body_ = register_module("body", std::move(body)); }
  Tensor forward(const Tensor& x) override { return x + body_->forward(x); }

 private:
  LayerPtr body_;
};

LayerPtr block(const RcanLayout& layout, torch::Device device) {
  return std::make_shared<Residual>(sequence(
      {filter(layout.features, layout.features, 3, device), std::make_shared<Relu>(),
       filter(layout.features, layout.features, 3, device), std::make_shared<ChannelAttention>(layout, device)}));
}

LayerPtr group(const RcanLayout& layout, torch::Device device) {
  auto body = sequence({});
  for (int64_t i = 0; i < layout.blocks; ++i) body->append(block(layout, device));
  body->append(filter(layout.features, layout.features, 3, device));
  return std::make_shared<Residual>(body);
}

LayerPtr groups(const RcanLayout& layout, torch::Device device) {
  auto body = sequence({});
  for (int64_t i = 0; i < layout.groups; ++i) body->append(group(layout, device));
  body->append(filter(layout.features, layout.features, 3, device));
  return body;
}

// A step by 3, or steps by 2.
LayerPtr upsampler(const RcanLayout& layout, torch::Device device) {
  auto steps = sequence({});
  const int64_t factor = layout.scale == 3 ? 3 : 2;
  for (int64_t scale = 1; scale < layout.scale; scale *= factor) {
    steps->append(filter(layout.features, factor * factor * layout.features, 3, device));
    steps->append(std::make_shared<PixelShuffle>(factor));
  }
  return steps;
}

// yulunzhang/RCAN: the mean of DIV2K, of values 0 … 1.
constexpr double mean_colour[3] = {0.4488, 0.4371, 0.4040};

std::shared_ptr<Conv> mean_shift(torch::Device device) {
  auto shift = filter(3, 3, 1, device);
  shift->weight.set_requires_grad(false);
  shift->bias.set_requires_grad(false);
  return shift;
}

void set_shift(Conv& shift, double sign) {
  const torch::NoGradGuard without_gradient;
  shift.weight.copy_(torch::eye(3).view({3, 3, 1, 1}));
  for (int64_t colour = 0; colour < 3; ++colour) shift.bias[colour] = sign * 255 * mean_colour[colour];
}

class RcanNetwork final : public SuperResolutionNetwork {
 public:
  RcanNetwork(const RcanLayout& layout, torch::Device device) : SuperResolutionNetwork("RCAN", layout.scale) {
    sub_mean_ = register_module("sub_mean", mean_shift(device));
    head_ = register_module("head", sequence({filter(3, layout.features, 3, device)}));
    body_ = register_module("body", groups(layout, device));
    tail_ = register_module("tail", sequence({upsampler(layout, device), filter(layout.features, 3, 3, device)}));
    add_mean_ = register_module("add_mean", mean_shift(device));
  }

  Tensor forward(const Tensor& x) override {
    const Tensor features = head_->forward(sub_mean_->forward(x));
    return add_mean_->forward(tail_->forward(features + body_->forward(features)));
  }

  void initialise() override {
    initialise_default(*this);
    set_shift(*sub_mean_, -1);
    set_shift(*add_mean_, 1);
  }

 private:
  std::shared_ptr<Conv> sub_mean_, add_mean_;
  LayerPtr head_, body_, tail_;
};

// --- files ---

// How many of the keys before + 0 + after, before + step + after, … there are, without a gap.
int64_t count(const TensorMap& tensors, const std::string& before, const std::string& after, int64_t step = 1) {
  int64_t found = 0;
  while (tensors.contains(before + std::to_string(found * step) + after)) ++found;
  return found;
}

int64_t scale_of(const TensorMap& tensors, int64_t features) {
  const int64_t steps = count(tensors, "tail.0.", ".weight", 2);
  const int64_t filters = rows(tensors, "tail.0.0.weight");
  if (steps == 1 && filters == 9 * features) return 3;
  return steps >= 1 && steps <= 3 && filters == 4 * features ? int64_t{1} << steps : 0;
}

}  // namespace

std::shared_ptr<SuperResolutionNetwork> make_rcan(const RcanLayout& layout, torch::Device device) {
  return std::make_shared<RcanNetwork>(layout, device);
}

RcanLayout rcan_layout(const TensorMap& tensors, const fs::path& path) {
  constexpr int64_t most_features = 1024;  // sixteen times the published
  RcanLayout layout;
  layout.groups = count(tensors, "body.", ".body.0.body.0.weight");
  layout.blocks = count(tensors, "body.0.body.", ".body.0.weight");
  layout.features = rows(tensors, "head.0.weight");
  layout.attention = rows(tensors, rcan_mark);
  if (layout.features < 1 || layout.features > most_features || layout.attention < 1 ||
      layout.attention > layout.features) {
    throw Error("is an RCAN of " + std::to_string(layout.features) + " features and " +
                std::to_string(layout.attention) + " for attention, which cannot be")
        .file(text_of(path));
  }
  layout.scale = scale_of(tensors, layout.features);
  if (layout.scale == 0) throw Error("is an RCAN whose scale is none of 2, 3, 4 and 8").file(text_of(path));
  return layout;
}

}  // namespace facerec
