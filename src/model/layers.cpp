#include "model/layers.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "model/prelu.h"
#include "model/recompute.h"
#include "model/sync_batch_norm.h"

namespace facerec::layers {

using torch::Tensor;

int64_t LinearMap::full_rank() const { return std::min(weight.size(0), weight.numel() / weight.size(0)); }

void LinearMap::add_lora(int64_t rank, double scale) {
  const int64_t rows = weight.size(0), columns = weight.numel() / rows;
  const auto options = weight.options().requires_grad(false).memory_format(torch::MemoryFormat::Contiguous);
  lora_A = register_parameter("lora_A", torch::empty({rank, columns}, options));
  lora_B = register_parameter("lora_B", torch::zeros({rows, rank}, options));
  torch::nn::init::kaiming_uniform_(lora_A, std::sqrt(5.0));
  lora_scale_ = scale;
  weight.set_requires_grad(false);
}

Tensor LinearMap::effective_weight() const {
  if (!lora_A.defined()) return weight;
  const c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
  return torch::add(weight, lora_B.matmul(lora_A).view(weight.sizes()), lora_scale_);
}

Conv::Conv(const ConvShape& shape, torch::Device device) : shape_(shape) {
  weight = register_parameter(
      "weight", torch::empty({shape.out, shape.in / shape.groups, shape.kernel[0], shape.kernel[1]}, device));
  if (shape.bias) bias = register_parameter("bias", torch::zeros({shape.out}, device));
}

// oneDNN 3 computes the bf16 gradients of strided depthwise and of other grouped convolutions without vectors: 3 to 30
// times the time of those in fp32.
static bool lacks_bf16_gradient(const ConvShape& shape) {
  return shape.groups > 1 && (shape.stride > 1 || shape.groups < shape.in);
}

Tensor Conv::forward(const Tensor& x) {
  const auto [below, right] = shape_.extra;
  const Tensor padded = below + right > 0 ? torch::constant_pad_nd(x, {0, right, 0, below}) : x;
  auto convolve = [&](const Tensor& images) {
    return torch::conv2d(images, effective_weight(), bias, shape_.stride, shape_.padding, 1, shape_.groups);
  };
  if (is_training() && x.is_cpu() && x.scalar_type() == torch::kBFloat16 && lacks_bf16_gradient(shape_)) {
    const c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
    return convolve(padded.to(torch::kFloat32)).to(torch::kBFloat16);
  }
  return convolve(padded);
}

BatchNorm::BatchNorm(int64_t channels, torch::Device device, NormOptions options) : options_(options) {
  if (options.affine) {
    weight = register_parameter("weight", torch::ones({channels}, device));
    bias = register_parameter("bias", torch::zeros({channels}, device));
  }
  running_mean = register_buffer("running_mean", torch::zeros({channels}, device));
  running_var = register_buffer("running_var", torch::ones({channels}, device));
  num_batches_tracked =
      register_buffer("num_batches_tracked", torch::zeros({}, torch::dtype(torch::kInt64).device(device)));
}

Tensor BatchNorm::forward(const Tensor& x) {
  // Of a batch that is computed twice the statistics count once.
  const bool again = is_training() && is_recomputing();
  if (is_training() && !again) num_batches_tracked.add_(1);
  if (is_training() && world_ != nullptr) {
    const double momentum = again ? 0 : options_.momentum;
    return sync_batch_norm(x, {weight, bias, running_mean, running_var, momentum, options_.eps}, *world_);
  }
  if (again) return torch::batch_norm(x, weight, bias, {}, {}, true, options_.momentum, options_.eps, true);
  return torch::batch_norm(x, weight, bias, running_mean, running_var, is_training(), options_.momentum, options_.eps,
                           true);
}

LayerNorm::LayerNorm(int64_t size, torch::Device device) {
  weight = register_parameter("weight", torch::ones({size}, device));
  bias = register_parameter("bias", torch::zeros({size}, device));
}

Tensor LayerNorm::forward(const Tensor& x) { return torch::layer_norm(x, weight.sizes(), weight, bias, 1e-5); }

PRelu::PRelu(int64_t channels, torch::Device device) {
  weight = register_parameter("weight", torch::full({channels}, 0.25, device));
}

Tensor PRelu::forward(const Tensor& x) { return channel_prelu(x, weight); }

Linear::Linear(int64_t in, int64_t out, bool with_bias, torch::Device device) {
  weight = register_parameter("weight", torch::empty({out, in}, device));
  if (with_bias) bias = register_parameter("bias", torch::zeros({out}, device));
}

Tensor Linear::forward(const Tensor& x) { return torch::linear(x, effective_weight(), bias); }

Sequence::Sequence(std::initializer_list<LayerPtr> layers) {
  for (const LayerPtr& layer : layers) append(layer);
}

void Sequence::append(const std::string& name, LayerPtr layer) {
  layers_.push_back(register_module(name, std::move(layer)));
}

Tensor Sequence::forward(const Tensor& x) {
  Tensor y = x;
  for (const LayerPtr& layer : layers_) y = layer->forward(y);
  return y;
}

std::shared_ptr<Sequence> sequence(std::initializer_list<LayerPtr> layers) {
  return std::make_shared<Sequence>(layers);
}

std::shared_ptr<Conv> conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, torch::Device device) {
  const int64_t padding = kernel / 2;
  return std::make_shared<Conv>(
      ConvShape{.in = in, .out = out, .kernel = {kernel, kernel}, .stride = stride, .padding = {padding, padding}},
      device);
}

std::shared_ptr<BatchNorm> norm(int64_t channels, torch::Device device, NormOptions options) {
  return std::make_shared<BatchNorm>(channels, device, options);
}

Tensor drop_samples(const Tensor& x, double probability, bool training) {
  if (!training || probability == 0) return x;
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  const double kept = 1 - probability;
  return x * torch::empty(shape, x.options()).bernoulli_(kept).div_(kept);
}

int64_t halved(int64_t side, int count) {
  for (int i = 0; i < count; ++i) side = (side + 1) / 2;
  return side;
}

}  // namespace facerec::layers
