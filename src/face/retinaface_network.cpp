#include "face/retinaface_network.h"

namespace facerec::retinaface {
namespace {

using torch::Tensor;

struct Shape {
  int64_t in, out, kernel, stride = 1, groups = 1;
};

// Both backbones give the pyramid their channels at strides 8, 16 and 32; the pyramid's own number is that of
// Shape::out.
std::array<int64_t, 3> stage_channels(Backbone backbone) {
  return backbone == Backbone::mobilenet025 ? std::array<int64_t, 3>{64, 128, 256}
                                            : std::array<int64_t, 3>{512, 1024, 2048};
}

int64_t pyramid_channels(Backbone backbone) { return backbone == Backbone::mobilenet025 ? 64 : 256; }

}  // namespace

class Builder {
 public:
  Builder(Network& network, DetectorWeights& weights, torch::Device device)
      : network_(network), weights_(weights), device_(device) {}

  void build() {
    if (network_.backbone_ == Backbone::mobilenet025) {
      build_mobilenet();
    } else {
      build_resnet();
    }
    build_pyramid();
    for (size_t i = 0; i < 3; ++i) {
      network_.context_[i] = context("ssh" + std::to_string(i + 1) + ".");
      network_.head_[i] = head(std::to_string(i));
    }
    weights_.expect_all_taken();
  }

 private:
  // weight ← γ/√(σ²+ε) · weight, bias ← β − γ·μ/√(σ²+ε), in double: rounding once keeps the published outputs.
  ConvUnit unit(const std::string& conv, const std::string& norm, const Shape& shape, double slope) {
    const auto take = [&](const std::string& key, const std::vector<int64_t>& size) {
      return weights_.take(key, size).to(torch::kFloat64);
    };
    const std::vector<int64_t> channels{shape.out};
    const Tensor weight = take(conv + ".weight", {shape.out, shape.in / shape.groups, shape.kernel, shape.kernel});
    const Tensor scale = take(norm + ".weight", channels) / (take(norm + ".running_var", channels) + 1e-5).sqrt();
    const Tensor shift = take(norm + ".bias", channels) - take(norm + ".running_mean", channels) * scale;
    ConvUnit folded;
    folded.weight =
        (weight * scale.view({-1, 1, 1, 1})).to(device_, torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast);
    folded.bias = shift.to(device_, torch::kFloat32);
    folded.stride = shape.stride;
    folded.padding = shape.kernel / 2;
    folded.groups = shape.groups;
    folded.slope = slope;
    return folded;
  }

  // Layers of a Sequential: convolution at `first`, its BatchNorm behind it.
  ConvUnit unit(const std::string& sequence, const Shape& shape, double slope, int first = 0) {
    return unit(sequence + "." + std::to_string(first), sequence + "." + std::to_string(first + 1), shape, slope);
  }

  void build_mobilenet() {
    constexpr double slope = 0.1;
    struct Block {
      int64_t in, out, stride;
    };
    const std::array<std::vector<Block>, 3> stages{
        {{{8, 16, 1}, {16, 32, 2}, {32, 32, 1}, {32, 64, 2}, {64, 64, 1}},
         {{64, 128, 2}, {128, 128, 1}, {128, 128, 1}, {128, 128, 1}, {128, 128, 1}, {128, 128, 1}},
         {{128, 256, 2}, {256, 256, 1}}}};
    for (size_t stage = 0; stage < 3; ++stage) {
      std::vector<ConvUnit>& units = network_.mobile_[stage];
      const std::string name = "body.stage" + std::to_string(stage + 1) + ".";
      int number = 0;
      if (stage == 0) units.push_back(unit(name + std::to_string(number++), {3, 8, 3, 2}, slope));
      for (const auto& [in, out, stride] : stages[stage]) {
        const std::string block = name + std::to_string(number++);
        units.push_back(unit(block, {in, in, 3, stride, in}, slope));
        units.push_back(unit(block, {in, out, 1}, slope, 3));
      }
    }
  }

  // torchvision's resnet50: stride in the 3×3 convolution.
  void build_resnet() {
    network_.stem_ = unit("body.conv1", "body.bn1", {3, 64, 7, 2}, 0);
    constexpr std::array<int, 4> blocks{3, 4, 6, 3};
    int64_t in = 64;
    for (size_t stage = 0; stage < 4; ++stage) {
      const int64_t width = int64_t{64} << stage;
      for (int number = 0; number < blocks[stage]; ++number) {
        const std::string name = "body.layer" + std::to_string(stage + 1) + "." + std::to_string(number) + ".";
        const int64_t stride = number == 0 && stage > 0 ? 2 : 1;
        Network::Bottleneck block{unit(name + "conv1", name + "bn1", {in, width, 1}, 0),
                                  unit(name + "conv2", name + "bn2", {width, width, 3, stride}, 0),
                                  unit(name + "conv3", name + "bn3", {width, 4 * width, 1}, 1),
                                  {}};
        if (number == 0) block.shortcut = unit(name + "downsample", {in, 4 * width, 1, stride}, 1);
        network_.residual_[stage].push_back(std::move(block));
        in = 4 * width;
      }
    }
  }

  // What follows a convolution of the pyramid and the context modules.
  double slope() const { return channels() <= 64 ? 0.1 : 0; }
  int64_t channels() const { return pyramid_channels(network_.backbone_); }

  void build_pyramid() {
    for (size_t i = 0; i < 3; ++i) {
      const int64_t in = stage_channels(network_.backbone_)[i];
      network_.lateral_[i] = unit("fpn.output" + std::to_string(i + 1), {in, channels(), 1}, slope());
    }
    for (size_t i = 0; i < 2; ++i) {
      network_.merge_[i] = unit("fpn.merge" + std::to_string(i + 1), {channels(), channels(), 3}, slope());
    }
  }

  Network::Context context(const std::string& name) {
    const int64_t all = channels(), half = all / 2, quarter = all / 4;
    return {unit(name + "conv3X3", {all, half, 3}, 1), unit(name + "conv5X5_1", {all, quarter, 3}, slope()),
            unit(name + "conv5X5_2", {quarter, quarter, 3}, 1),
            unit(name + "conv7X7_2", {quarter, quarter, 3}, slope()),
            unit(name + "conv7x7_3", {quarter, quarter, 3}, 1)};
  }

  Network::Head head(const std::string& level) {
    std::vector<Tensor> weights, biases;
    for (const auto& [name, numbers] : {std::pair("ClassHead.", 2), {"BboxHead.", 4}, {"LandmarkHead.", 10}}) {
      const std::string conv = name + level + ".conv1x1";
      weights.push_back(weights_.take(conv + ".weight", {2 * numbers, channels(), 1, 1}));
      biases.push_back(weights_.take(conv + ".bias", {2 * numbers}));
    }
    return {torch::cat(weights).to(device_).contiguous(torch::MemoryFormat::ChannelsLast),
            torch::cat(biases).to(device_)};
  }

  Network& network_;
  DetectorWeights& weights_;
  torch::Device device_;
};

Tensor ConvUnit::forward(const Tensor& x) const {
  Tensor y = torch::conv2d(x, weight, bias, stride, padding, 1, groups);
  if (slope == 0) return y.relu_();
  return slope == 1 ? y : torch::leaky_relu_(y, slope);
}

Network::Network(DetectorWeights weights, Backbone backbone, torch::Device device) : backbone_(backbone) {
  Builder(*this, weights, device).build();
}

std::array<Tensor, 3> Network::body(const Tensor& x) const {
  std::array<Tensor, 3> stages;
  Tensor y = x;
  if (backbone_ == Backbone::mobilenet025) {
    for (size_t stage = 0; stage < 3; ++stage) {
      for (const ConvUnit& unit : mobile_[stage]) y = unit.forward(y);
      stages[stage] = y;
    }
    return stages;
  }
  y = torch::max_pool2d(stem_.forward(y), 3, 2, 1);
  for (size_t stage = 0; stage < 4; ++stage) {
    for (const Bottleneck& block : residual_[stage]) {
      const Tensor added = block.shortcut ? block.shortcut->forward(y) : y;
      y = block.third.forward(block.second.forward(block.first.forward(y))).add_(added).relu_();
    }
    if (stage > 0) stages[stage - 1] = y;
  }
  return stages;
}

std::array<Tensor, 3> Network::pyramid(const std::array<Tensor, 3>& stages) const {
  std::array<Tensor, 3> levels;
  for (size_t i = 0; i < 3; ++i) levels[i] = lateral_[i].forward(stages[i]);
  for (const size_t i : {size_t{1}, size_t{0}}) {
    const Tensor& finer = levels[i];
    const Tensor above = torch::upsample_nearest2d(levels[i + 1], {finer.size(2), finer.size(3)});
    levels[i] = merge_[i].forward(finer + above);
  }
  return levels;
}

std::array<Tensor, 3> Network::context(const std::array<Tensor, 3>& levels) const {
  std::array<Tensor, 3> features;
  for (size_t i = 0; i < 3; ++i) {
    const Context& module = context_[i];
    const Tensor five = module.conv5_1.forward(levels[i]);
    const Tensor seven = module.conv7_3.forward(module.conv7_2.forward(five));
    features[i] = torch::cat({module.conv3.forward(levels[i]), module.conv5_2.forward(five), seven}, 1).relu_();
  }
  return features;
}

Output Network::forward(const Tensor& x) const {
  const std::array<Tensor, 3> features = context(pyramid(body(x)));
  std::array<std::vector<Tensor>, 3> parts;  // score, loc, landmarks of each level
  for (size_t i = 0; i < 3; ++i) {
    const Tensor y = torch::conv2d(features[i], head_[i].weight, head_[i].bias).permute({0, 2, 3, 1});
    int64_t channel = 0;
    for (const auto& [part, numbers] : {std::pair<size_t, int64_t>{0, 2}, {1, 4}, {2, 10}}) {
      parts[part].push_back(y.narrow(3, channel, 2 * numbers).reshape({y.size(0), -1, numbers}));
      channel += 2 * numbers;
    }
  }
  return {torch::cat(parts[1], 1), torch::softmax(torch::cat(parts[0], 1), 2).select(2, 1), torch::cat(parts[2], 1)};
}

}  // namespace facerec::retinaface
