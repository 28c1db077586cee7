// What the tests of engines share.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "facerec/infer/engine.h"
#include "facerec/model/backbone.h"
#include "facerec/model/weights.h"

namespace facerec::test {

inline constexpr EngineOptions two_threads{.device = "cpu", .precision = "fp32", .threads = 2};

inline std::vector<uint8_t> images_of(const Preprocess& size, int64_t n) {
  const torch::Tensor pixels = torch::randint(0, 256, {n, size.height, size.width, 3}, torch::kUInt8);
  return {pixels.const_data_ptr<uint8_t>(), pixels.const_data_ptr<uint8_t>() + pixels.numel()};
}

inline std::vector<float> embed(Engine& engine, std::span<const uint8_t> images, int64_t n) {
  std::vector<float> out(static_cast<size_t>(n * engine.spec().embedding_size));
  engine.embed(images, n, out);
  return out;
}

// The largest difference in units of the largest expected magnitude; infinite where either is not finite.
inline float relative_difference(const std::vector<float>& got, const std::vector<float>& expected) {
  if (got.size() != expected.size()) return INFINITY;
  float difference = 0, largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i]) || !std::isfinite(expected[i])) return INFINITY;
    difference = std::max(difference, std::abs(got[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return difference / largest;
}

// Statistics and slopes as no layer begins with them, so that folding and broadcasting show. Smaller weights make up
// for statistics that are not those of the values: else these grow from unit to unit, and rounding errors with them, to
// 1e-4 of LibTorch's own fp32 against its fp64.
inline void randomise(const Backbone& backbone) {
  const torch::NoGradGuard without_gradient;
  for (auto [key, tensor] : state_dict(backbone)) {
    if (key.ends_with("running_var"))
      tensor.uniform_(0.5, 1.5);
    else if (key.ends_with("running_mean"))
      tensor.uniform_(-0.2, 0.2);
    else if (tensor.dim() > 1)
      tensor.mul_(0.7);
    else if (tensor.dim() == 1 && tensor.is_floating_point())
      tensor.add_(torch::rand_like(tensor) * 0.2 - 0.1);
  }
}

// Small and not square.
inline Size2 small_input(const std::string& backbone) {
  const int64_t least = smallest_input(backbone);
  return {std::max<int64_t>(32, least), std::max<int64_t>(48, least + 16)};
}

// Without those that have a shallower sibling: they are made of the same units, and take long.
inline std::vector<std::string> one_of_each_kind() {
  std::vector<std::string> names = backbone_names();
  std::erase_if(names, [](const std::string& name) {
    const bool deep = name.ends_with("34") || name.ends_with("100") || name.ends_with("101") || name.ends_with("200");
    return deep || name == "vit_b" || name.find("_dp005") != std::string::npos;
  });
  return names;
}

}  // namespace facerec::test
