#include "model/prelu.h"

#include <gtest/gtest.h>

namespace facerec {
namespace {

using torch::Tensor;

struct Case {
  std::string name;
  torch::ScalarType type;
  torch::MemoryFormat format;
  double tolerance;
};

class PReluGradient : public testing::TestWithParam<Case> {};

// ATen's in double is the reference.
TEST_P(PReluGradient, HasTheGradientOfTorch) {
  torch::manual_seed(3);
  const Case& c = GetParam();
  const Tensor x = torch::randn({3, 21, 5, 7}).to(c.type).contiguous(c.format).requires_grad_();
  const Tensor slopes = torch::rand({21}).requires_grad_(), seed = torch::randn({3, 21, 5, 7}).to(c.type);
  const Tensor exact = x.detach().to(torch::kFloat64).requires_grad_();
  const Tensor exact_slopes = slopes.detach().to(torch::kFloat64).requires_grad_();
  const Tensor y = channel_prelu(x, slopes), expected = torch::prelu(exact, exact_slopes);
  EXPECT_EQ(y.scalar_type(), c.type);
  y.backward(seed);
  expected.backward(seed.to(torch::kFloat64));
  auto close = [&](const Tensor& a, const Tensor& b, double tolerance) {
    return torch::allclose(a.to(torch::kFloat64), b, tolerance, tolerance);
  };
  EXPECT_TRUE(close(y, expected, c.tolerance));
  EXPECT_TRUE(close(x.grad(), exact.grad(), c.tolerance));
  EXPECT_TRUE(close(slopes.grad(), exact_slopes.grad(), 1e-5)) << "sums in fp32";
  EXPECT_TRUE(x.grad().is_contiguous(c.format));
}

INSTANTIATE_TEST_SUITE_P(
    Layers, PReluGradient,
    testing::Values(Case{"fp32", torch::kFloat32, torch::MemoryFormat::Contiguous, 1e-6},
                    Case{"fp32_channels_last", torch::kFloat32, torch::MemoryFormat::ChannelsLast, 1e-6},
                    Case{"bf16", torch::kBFloat16, torch::MemoryFormat::Contiguous, 8e-3},
                    Case{"bf16_channels_last", torch::kBFloat16, torch::MemoryFormat::ChannelsLast, 8e-3},
                    Case{"fp64", torch::kFloat64, torch::MemoryFormat::Contiguous, 1e-7}),
    [](const auto& one) { return one.param.name; });

TEST(PRelu, PassesWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    const Tensor x = torch::full({1, 2, 4, 5}, -1, type).requires_grad_(), slopes = torch::rand({2}).requires_grad_();
    channel_prelu(x, slopes).backward(torch::full({1, 2, 4, 5}, nan, type));
    EXPECT_TRUE(x.grad().isnan().all().item<bool>());
    EXPECT_TRUE(slopes.grad().isnan().all().item<bool>());
  }
}

}  // namespace
}  // namespace facerec
