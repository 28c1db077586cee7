// What the peers' networks answered (reference/alignment/network_io_*.safetensors).
#pragma once

#include <torch/torch.h>

#include <string>

#include "facerec/io/safetensors.h"
#include "model/bytes.h"
#include "support/reference.h"

namespace facerec::test {

class NetworkGolden {
 public:
  explicit NetworkGolden(const std::string& file) : file_(test_data() / "reference" / "alignment" / file) {}
  torch::Tensor operator[](const std::string& name) const { return tensor_of(file_.at(name)); }

 private:
  SafetensorsFile file_;
};

// absolute + relative · |expected|.
inline void expect_close(const torch::Tensor& actual, const torch::Tensor& expected, double relative,
                         const std::string& what, double absolute = 1e-5) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  const double excess = ((actual - expected).abs() - relative * expected.abs()).max().item<double>();
  EXPECT_LE(excess, absolute) << what;
}

// Weights without a file: sin(0.37·i + number) over the elements, scaled so that a deep network stays within bounds.
inline torch::Tensor filled(const std::string& key, const std::vector<int64_t>& shape, double number) {
  if (shape.empty()) return torch::zeros({}, torch::kInt64);
  const torch::Tensor wave = (0.37 * torch::arange(c10::multiply_integers(shape), torch::kFloat64) + number).sin();
  torch::Tensor values = 0.05 * wave;
  if (key.ends_with("running_var")) values = 1 + 0.25 * wave;
  if (shape.size() == 1 && key.ends_with("weight")) values = 1 + 0.1 * wave;
  if (shape.size() > 1) values = wave * (1.5 / std::sqrt(static_cast<double>(values.numel() / shape[0])));
  return values.to(torch::kFloat32).view(shape);
}

inline std::filesystem::path weights(const std::string& name) { return test_data() / "data" / "weights" / name; }

}  // namespace facerec::test
