#include "model/rcan.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "facerec/core/error.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "model/check_tensors.h"
#include "model/layers.h"

namespace facerec {
namespace {

using torch::Tensor;
using namespace layers;
using TensorMap = std::map<std::string, TensorView>;

LayerPtr filter(int64_t in, int64_t out, int64_t kernel, torch::Device device) {
  const int64_t padding = kernel / 2;
  return std::make_shared<Conv>(
      ConvShape{.in = in, .out = out, .kernel = {kernel, kernel}, .padding = {padding, padding}, .bias = true}, device);
}

class Sigmoid final : public Layer {
 public:
  Tensor forward(const Tensor& x) override { return torch::sigmoid(x); }
};

class PixelShuffle final : public Layer {
 public:
  explicit PixelShuffle(int64_t factor) : factor_(factor) {}
  Tensor forward(const Tensor& x) override { return torch::pixel_shuffle(x, factor_); }

 private:
  int64_t factor_;
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

class Network final : public Rcan {
 public:
  Network(const RcanLayout& layout, torch::Device device) {
    sub_mean_ = register_module("sub_mean", filter(3, 3, 1, device));
    head_ = register_module("head", sequence({filter(3, layout.features, 3, device)}));
    body_ = register_module("body", groups(layout, device));
    tail_ = register_module("tail", sequence({upsampler(layout, device), filter(layout.features, 3, 3, device)}));
    add_mean_ = register_module("add_mean", filter(3, 3, 1, device));
  }

  Tensor forward(const Tensor& x) override {
    const Tensor features = head_->forward(sub_mean_->forward(x));
    return add_mean_->forward(tail_->forward(features + body_->forward(features)));
  }

 private:
  LayerPtr sub_mean_, head_, body_, tail_, add_mean_;
};

// --- files ---

// Every RCAN has it, and no other network of super-resolution.
constexpr const char* mark = "body.0.body.0.body.3.conv_du.0.weight";

// The network's tensors without the prefix that a wrapper put before their names; none where there is no such network.
TensorMap tensors_of(const TensorFile& file) {
  TensorMap tensors;
  for (const TensorGroup& group : file.groups) {
    const auto found = std::find_if(group.tensors.begin(), group.tensors.end(),
                                    [](const NamedTensor& tensor) { return tensor.name.ends_with(mark); });
    if (found == group.tensors.end()) continue;
    const std::string prefix = found->name.substr(0, found->name.size() - std::strlen(mark));
    for (const auto& [name, view] : group.tensors) {
      if (name.starts_with(prefix)) tensors.insert_or_assign(name.substr(prefix.size()), view);
    }
    break;
  }
  return tensors;
}

// How many of the keys before + 0 + after, before + step + after, … there are, without a gap.
int64_t count(const TensorMap& tensors, const std::string& before, const std::string& after, int64_t step = 1) {
  int64_t found = 0;
  while (tensors.contains(before + std::to_string(found * step) + after)) ++found;
  return found;
}

int64_t rows(const TensorMap& tensors, const std::string& key) {
  const auto found = tensors.find(key);
  return found == tensors.end() || found->second.shape.empty() ? 0 : found->second.shape[0];
}

int64_t scale_of(const TensorMap& tensors, int64_t features) {
  const int64_t steps = count(tensors, "tail.0.", ".weight", 2);
  const int64_t filters = rows(tensors, "tail.0.0.weight");
  if (steps == 1 && filters == 9 * features) return 3;
  return steps >= 1 && steps <= 3 && filters == 4 * features ? int64_t{1} << steps : 0;
}

// What the keys say; every shape is compared with it afterwards.
RcanLayout layout_of(const TensorMap& tensors, const fs::path& path) {
  constexpr int64_t most_features = 1024;  // sixteen times the published
  RcanLayout layout;
  layout.groups = count(tensors, "body.", ".body.0.body.0.weight");
  layout.blocks = count(tensors, "body.0.body.", ".body.0.weight");
  layout.features = rows(tensors, "head.0.weight");
  layout.attention = rows(tensors, mark);
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

}  // namespace

std::shared_ptr<Rcan> make_rcan(const RcanLayout& layout, torch::Device device) {
  return std::make_shared<Network>(layout, device);
}

LoadedRcan load_rcan(const TensorFile& file) {
  const TensorMap tensors = tensors_of(file);
  if (tensors.empty()) {
    throw Error("holds no network of super-resolution that facerec knows")
        .file(text_of(file.path))
        .hint("of PyTorch's files it reads RCAN with the keys of yulunzhang/RCAN; of others, export to .onnx");
  }
  const RcanLayout layout = layout_of(tensors, file.path);
  check_tensors(state_dict(*make_rcan(layout, torch::kMeta)), tensors, file.path);
  LoadedRcan loaded{layout, make_rcan(layout)};
  loaded.network->eval();
  const torch::NoGradGuard without_gradient;
  for (const auto& [name, tensor] : state_dict(*loaded.network)) {
    torch::Tensor(tensor).copy_(tensor_of(tensors.at(name)));
  }
  return loaded;
}

}  // namespace facerec
