// The building blocks of the backbones.
//
// LibTorch's own modules draw random weights as they are made, in the memory of the CPU. These leave that to
// initialise.h: a network whose weights come from a file is built without drawing any, and one on the meta device
// without any memory, so that a file can be compared with it first.
#pragma once

#include <torch/torch.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <vector>

namespace facerec::layers {

class Layer : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

using LayerPtr = std::shared_ptr<Layer>;

struct ConvShape {
  int64_t in, out;
  std::array<int64_t, 2> kernel;  // height, width
  int64_t stride = 1, padding = 0, groups = 1;
};

// Without bias: a BatchNorm follows.
class Conv final : public Layer {
 public:
  Conv(const ConvShape& shape, torch::Device device);
  torch::Tensor forward(const torch::Tensor& x) override;
  torch::Tensor weight;

 private:
  int64_t stride_, padding_, groups_;
};

// Over channels, of images as of vectors; eps 1e-5, momentum 0.1.
class BatchNorm final : public Layer {
 public:
  BatchNorm(int64_t channels, torch::Device device);
  torch::Tensor forward(const torch::Tensor& x) override;
  torch::Tensor weight, bias, running_mean, running_var, num_batches_tracked;
};

// One slope a channel.
class PRelu final : public Layer {
 public:
  PRelu(int64_t channels, torch::Device device);
  torch::Tensor forward(const torch::Tensor& x) override;
  torch::Tensor weight;
};

class Relu final : public Layer {
 public:
  torch::Tensor forward(const torch::Tensor& x) override { return torch::relu(x); }
};

class Linear final : public Layer {
 public:
  Linear(int64_t in, int64_t out, bool with_bias, torch::Device device);
  torch::Tensor forward(const torch::Tensor& x) override;
  torch::Tensor weight, bias;  // bias is undefined without one
};

class Dropout final : public Layer {
 public:
  explicit Dropout(double probability) : probability_(probability) {}
  torch::Tensor forward(const torch::Tensor& x) override { return torch::dropout(x, probability_, is_training()); }

 private:
  double probability_;
};

class Flatten final : public Layer {
 public:
  torch::Tensor forward(const torch::Tensor& x) override { return x.flatten(1); }
};

// Layers one after the other, named "0", "1", …
class Sequence final : public Layer {
 public:
  Sequence(std::initializer_list<LayerPtr> layers = {});
  void append(LayerPtr layer);
  torch::Tensor forward(const torch::Tensor& x) override;

 private:
  std::vector<LayerPtr> layers_;
};

std::shared_ptr<Sequence> sequence(std::initializer_list<LayerPtr> layers);

// The side of an image after `count` convolutions or poolings of stride 2, padded so that odd sides round up.
int64_t halved(int64_t side, int count);

}  // namespace facerec::layers
