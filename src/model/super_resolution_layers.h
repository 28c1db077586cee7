// Layers that only networks of super-resolution have.
#pragma once

#include <array>
#include <memory>

#include "model/layers.h"

namespace facerec::layers {

// A convolution with a bias that keeps the size of the image.
inline std::shared_ptr<Conv> filter(int64_t in, int64_t out, int64_t kernel, torch::Device device) {
  const int64_t padding = kernel / 2;
  return std::make_shared<Conv>(
      ConvShape{.in = in, .out = out, .kernel = {kernel, kernel}, .padding = {padding, padding}, .bias = true}, device);
}

class PixelShuffle final : public Layer {
 public:
  explicit PixelShuffle(int64_t factor) : factor_(factor) {}
  torch::Tensor forward(const torch::Tensor& x) override { return torch::pixel_shuffle(x, factor_); }

 private:
  int64_t factor_;
};

}  // namespace facerec::layers
