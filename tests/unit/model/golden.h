// How the golden files of the networks were filled (each tensor from a hash of its name), and how they are compared.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <numeric>
#include <string>

#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "support/reference.h"

namespace facerec::test {

inline fs::path numerics() { return test_data() / "reference" / "numerics"; }

inline uint32_t crc32(const std::string& text) {
  uint32_t crc = 0xFFFFFFFFU;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320U : 0);
  }
  return ~crc;
}

// Element i of the fill named "mix" for a tensor whose name has hash h, in (-1, 1).
inline double mix(uint32_t h, uint32_t i) {
  uint32_t x = h + i * 0x9E3779B9U;
  x = (x ^ (x >> 16)) * 0x7FEB352DU;
  x = (x ^ (x >> 15)) * 0x846CA68BU;
  x ^= x >> 16;
  return (x + 0.5) / 2147483648.0 - 1;
}

inline torch::Tensor mix_tensor(const std::string& name, torch::IntArrayRef shape, double offset, double factor) {
  torch::Tensor tensor = torch::empty(shape, torch::kFloat32);
  const uint32_t h = crc32(name);
  auto* values = tensor.mutable_data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>(offset + factor * mix(h, static_cast<uint32_t>(i)));
  }
  return tensor;
}

// Fills a network as the golden's JSON says.
inline void fill_mix(const Backbone& network, const nlohmann::json& golden) {
  std::map<std::string, std::string> kinds;
  for (const auto& entry : golden["state_dict"]) kinds[entry["key"]] = entry["kind"];
  const double gain = golden["mix_weight_gain"];
  const torch::NoGradGuard without_gradient;
  for (auto [key, tensor] : state_dict(network)) {
    const std::string& kind = kinds.at(key);
    if (kind == "num_batches_tracked") {
      tensor.zero_();
    } else if (kind == "weight") {
      const double fan_in = static_cast<double>(tensor.numel()) / static_cast<double>(tensor.size(0));
      tensor.copy_(mix_tensor(key, tensor.sizes(), 0, gain * std::sqrt(2 / fan_in)));
    } else if (kind == "bn_weight" || kind == "running_var") {
      tensor.copy_(mix_tensor(key, tensor.sizes(), 1, 0.1));
    } else if (kind == "prelu_weight") {
      tensor.copy_(mix_tensor(key, tensor.sizes(), 0.25, 0.05));
    } else {
      tensor.copy_(mix_tensor(key, tensor.sizes(), 0, 0.1));
    }
  }
}

// A tensor of a golden file, in memory of its own.
inline torch::Tensor read(const SafetensorsFile& file, const std::string& name) {
  return tensor_of(file.at(name)).clone();
}

// The loss "projection": a fixed direction that leaves no symmetry.
inline torch::Tensor projection(const torch::Tensor& output) {
  const torch::Tensor index = torch::arange(output.numel(), output.options().requires_grad(false));
  return (output * (0.1 * index).sin().view_as(output)).sum();
}

// The largest difference in units of the largest expected magnitude; infinite where either is not finite.
inline double relative_difference(const torch::Tensor& got, const torch::Tensor& expected) {
  if (got.sizes() != expected.sizes()) return INFINITY;
  const torch::Tensor difference = (got.to(torch::kFloat64) - expected.to(torch::kFloat64)).abs().max();
  const double scale = expected.to(torch::kFloat64).abs().max().item<double>();
  const double relative = difference.item<double>() / std::max(scale, 1e-300);
  return std::isfinite(relative) ? relative : INFINITY;
}

}  // namespace facerec::test
