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
#include <string>
#include <utility>
#include <vector>

namespace facerec {
class World;
}

namespace facerec::layers {

class Layer : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

using LayerPtr = std::shared_ptr<Layer>;

// Pairs are height, width.
struct ConvShape {
  int64_t in, out;
  std::array<int64_t, 2> kernel;
  int64_t stride = 1;
  std::array<int64_t, 2> padding = {0, 0};  // zeros on both sides
  std::array<int64_t, 2> extra = {0, 0};    // further zeros below and to the right, as TensorFlow's "same" puts them
  int64_t groups = 1;
  bool bias = false;  // mostly a BatchNorm follows, which has its own
};

// A linear map: a convolution or a fully connected layer. It may have a low-rank addition (lora.h) of two parameters,
// lora_A [rank, columns] and lora_B [rows, rank], for its weight as a matrix of rows = weight.size(0).
class LinearMap : public Layer {
 public:
  torch::Tensor weight, bias;  // bias is undefined without one
  torch::Tensor lora_A, lora_B;

  // The largest rank that an addition can have.
  int64_t full_rank() const;

  // A drawn as torch.nn.Linear's weights are, B zero, so that nothing changes yet; the weight no longer learns.
  void add_lora(int64_t rank, double scale);

  // What is computed with: the weight, and scale · B·A where there is an addition.
  torch::Tensor effective_weight() const;

 private:
  double lora_scale_ = 0;
};

class Conv final : public LinearMap {
 public:
  Conv(const ConvShape& shape, torch::Device device);
  torch::Tensor forward(const torch::Tensor& x) override;

 private:
  ConvShape shape_;
};

struct NormOptions {
  double eps = 1e-5, momentum = 0.1;
  bool affine = true;  // with a learned weight and bias
};

// Over channels, of images as of vectors.
class BatchNorm final : public Layer {
 public:
  BatchNorm(int64_t channels, torch::Device device, NormOptions options = {});
  torch::Tensor forward(const torch::Tensor& x) override;

  // See sync_batch_norm.h.
  void synchronise(const World& world) { world_ = &world; }

  torch::Tensor weight, bias, running_mean, running_var, num_batches_tracked;

 private:
  NormOptions options_;
  const World* world_ = nullptr;
};

// Over the last dimension; eps 1e-5.
class LayerNorm final : public Layer {
 public:
  LayerNorm(int64_t size, torch::Device device);
  torch::Tensor forward(const torch::Tensor& x) override;
  torch::Tensor weight, bias;
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

class Relu6 final : public Layer {
 public:
  torch::Tensor forward(const torch::Tensor& x) override { return torch::relu6(x); }
};

class Linear final : public LinearMap {
 public:
  Linear(int64_t in, int64_t out, bool with_bias, torch::Device device);
  torch::Tensor forward(const torch::Tensor& x) override;
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
  void append(LayerPtr layer) { append(std::to_string(layers_.size()), std::move(layer)); }
  void append(const std::string& name, LayerPtr layer);
  torch::Tensor forward(const torch::Tensor& x) override;

 private:
  std::vector<LayerPtr> layers_;
};

std::shared_ptr<Sequence> sequence(std::initializer_list<LayerPtr> layers);

// A square kernel, padded so that a stride of 1 keeps the size of the image.
std::shared_ptr<Conv> conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, torch::Device device);
std::shared_ptr<BatchNorm> norm(int64_t channels, torch::Device device, NormOptions options = {});

// Stochastic depth: in training, a sample is zero with this probability and is scaled up otherwise.
torch::Tensor drop_samples(const torch::Tensor& x, double probability, bool training);

// The side of an image after `count` convolutions or poolings of stride 2, padded so that odd sides round up.
int64_t halved(int64_t side, int count);

}  // namespace facerec::layers
