#include "facerec/model/head.h"

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "golden.h"

namespace facerec {
namespace {

using torch::Tensor;

struct Published {
  const char* golden;
  HeadConfig config;
};

void PrintTo(const Published& published, std::ostream* out) { *out << published.golden; }

struct Result {
  Tensor logits, loss_rows, grad_embeddings, grad_weight, grad_bias;
};

// `type` is that of embeddings and parameters. A bias takes the first values of `bias`.
std::shared_ptr<Head> head_with(const HeadConfig& config, const Tensor& weight, const Tensor& bias,
                                torch::ScalarType type) {
  const auto head = make_head(config, weight.size(0), weight.size(1));
  const torch::NoGradGuard without_gradient;
  for (auto& item : head->named_parameters()) {
    item.value().copy_(item.key() == "bias" ? bias.narrow(0, 0, weight.size(0)) : weight);
  }
  head->to(type);
  return head;
}

Result run(Head& head, const Tensor& inputs, const Tensor& labels) {
  const Tensor embeddings = inputs.detach().requires_grad_();
  Result result;
  result.logits = head.logits(embeddings, labels);
  result.loss_rows = torch::nn::functional::cross_entropy(
      result.logits, labels, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kNone));
  result.loss_rows.mean().backward();
  result.grad_embeddings = embeddings.grad();
  result.grad_weight = head.weight.grad();
  const auto* bias = head.named_parameters().find("bias");
  if (bias != nullptr) result.grad_bias = bias->grad();
  return result;
}

class PublishedHead : public testing::TestWithParam<Published> {
 protected:
  void SetUp() override {
    FACEREC_NEEDS_TEST_DATA();
    folder_ = test::numerics() / "heads";
    golden_ = std::make_unique<SafetensorsFile>(folder_ / (std::string(GetParam().golden) + ".safetensors"));
  }

  Tensor golden(const std::string& name) const { return test::read(*golden_, name); }

  void compare(const Result& result, const std::string& prefix, double tolerance) const {
    EXPECT_LT(test::relative_difference(result.logits, golden(prefix + ".logits")), tolerance);
    EXPECT_LT(test::relative_difference(result.loss_rows, golden(prefix + ".loss_rows")), tolerance);
    EXPECT_LT(test::relative_difference(result.grad_embeddings, golden(prefix + ".grad_embeddings")), tolerance);
    EXPECT_LT(test::relative_difference(result.grad_weight, golden(prefix + ".grad_weight")), tolerance);
    if (result.grad_bias.defined()) {
      EXPECT_LT(test::relative_difference(result.grad_bias, golden(prefix + ".grad_bias")), tolerance);
    }
  }

  fs::path folder_;
  std::unique_ptr<SafetensorsFile> golden_;
};

TEST_P(PublishedHead, LogitsLossAndGradientsAreThePublishedOnes) {
  const SafetensorsFile inputs(folder_ / "inputs.safetensors");
  const Tensor labels = test::read(inputs, "labels");
  for (const auto& [prefix, type, tolerance] :
       {std::tuple("f64", torch::kFloat64, 1e-12), std::tuple("f32", torch::kFloat32, 1e-5)}) {
    SCOPED_TRACE(prefix);
    const auto head = head_with(GetParam().config, test::read(inputs, "weight"), test::read(inputs, "bias"), type);
    compare(run(*head, test::read(inputs, "embeddings").to(type), labels), prefix, tolerance);
  }
}

// Peers give NaN gradients at cosines of ±1; ours are finite there and the peer's everywhere else.
TEST_P(PublishedHead, EdgesAreFinite) {
  const SafetensorsFile inputs(folder_ / "edge_inputs.safetensors");
  const Tensor bias = test::read(SafetensorsFile(folder_ / "inputs.safetensors"), "bias");
  const Tensor labels = test::read(inputs, "labels");
  for (const auto& [prefix, type, tolerance] :
       {std::tuple("edge.f64", torch::kFloat64, 1e-12), std::tuple("edge.f32", torch::kFloat32, 1e-5)}) {
    SCOPED_TRACE(prefix);
    const auto head = head_with(GetParam().config, test::read(inputs, "weight"), bias, type);
    const Result result = run(*head, test::read(inputs, "embeddings").to(type), labels);
    const std::pair<const char*, Tensor> parts[] = {{".logits", result.logits},
                                                    {".loss_rows", result.loss_rows},
                                                    {".grad_embeddings", result.grad_embeddings},
                                                    {".grad_weight", result.grad_weight}};
    for (const auto& [name, got] : parts) {
      EXPECT_TRUE(got.isfinite().all().item<bool>()) << name;
      const Tensor expected = golden(prefix + std::string(name));
      const Tensor finite = expected.isfinite();
      const Tensor peer = expected.masked_fill(~finite, 0), difference = (got - peer).masked_fill(~finite, 0).abs();
      // Norms from 1e-20 to 1e15 make gradients of as many magnitudes: each row counts by its own.
      const Tensor scale = std::get<0>(peer.abs().max(-1, true)).clamp_min(1e-25);
      EXPECT_LT((difference / scale).max().item<double>(), tolerance) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, PublishedHead,
                         testing::Values(Published{"evo_softmax", {.name = "softmax"}},
                                         Published{"evo_arcface", {.name = "arcface"}},
                                         Published{"evo_arcface_easy", {.name = "arcface", .easy_margin = true}},
                                         Published{"evo_cosface", {.name = "cosface", .margin = 0.35}},
                                         Published{"arcface_torch_arcface", {.name = "arcface_torch"}},
                                         Published{"arcface_torch_cosface", {.name = "cosface", .margin = 0.4}}),
                         [](const auto& each) { return std::string(each.param.golden); });

class NegativeLabels : public testing::TestWithParam<Published> {};

TEST_P(NegativeLabels, GetNoMargin) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path folder = test::numerics() / "heads";
  const SafetensorsFile inputs(folder / "inputs.safetensors");
  const SafetensorsFile golden(folder / (std::string(GetParam().golden) + ".negative_labels.safetensors"));
  for (const auto& [prefix, type, tolerance] : {std::tuple(std::string("f64"), torch::kFloat64, 1e-12),
                                                std::tuple(std::string("f32"), torch::kFloat32, 1e-5)}) {
    SCOPED_TRACE(prefix);
    const auto head = head_with(GetParam().config, test::read(inputs, "weight"), test::read(inputs, "bias"), type);
    const Tensor embeddings = test::read(inputs, "embeddings").to(type).requires_grad_();
    const Tensor logits = head->logits(embeddings, test::read(golden, "labels"));
    test::projection(logits).backward();
    EXPECT_LT(test::relative_difference(logits, test::read(golden, prefix + ".logits")), tolerance);
    EXPECT_LT(test::relative_difference(embeddings.grad(), test::read(golden, prefix + ".grad_embeddings")), tolerance);
    EXPECT_LT(test::relative_difference(head->weight.grad(), test::read(golden, prefix + ".grad_weight")), tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(, NegativeLabels,
                         testing::Values(Published{"arcface_torch_combined_1_0.5_0", {.name = "arcface_torch"}},
                                         Published{"arcface_torch_combined_1_0_0.4",
                                                   {.name = "cosface", .margin = 0.4}}),
                         [](const auto& each) { return each.param.config.name; });

class EveryHead : public testing::TestWithParam<std::string> {};

// The margin is a difference of cosines that bf16 cannot tell apart.
TEST_P(EveryHead, ComputesInFullPrecisionUnderAutocast) {
  torch::manual_seed(5);
  const auto head = make_head({.name = GetParam()}, 20, 32);
  const Tensor labels = torch::randint(0, 20, {8});
  const Tensor embeddings = torch::randn({8, 32}).to(torch::kBFloat16);
  const Tensor expected = head->logits(embeddings.to(torch::kFloat32), labels);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const Tensor logits = head->logits(embeddings, labels);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
  EXPECT_LT(test::relative_difference(logits, expected), 1e-6);
}

TEST_P(EveryHead, RowsOfOtherProcessesDoNotDependOnTheMargin) {
  const auto head = make_head({.name = GetParam()}, 5, 8);
  const Tensor embeddings = torch::randn({3, 8});
  const Tensor labels = torch::tensor({-1, 2, -1});
  const Tensor logits = head->logits(embeddings, labels);
  const Tensor without = head->logits(embeddings, torch::full({3}, -1, torch::kInt64));
  EXPECT_TRUE(torch::equal(logits[0], without[0]));
  EXPECT_TRUE(torch::equal(logits[2], without[2]));
  EXPECT_EQ(torch::equal(logits[1], without[1]), GetParam() == "softmax");
}

INSTANTIATE_TEST_SUITE_P(, EveryHead, testing::ValuesIn(head_names()), [](const auto& each) { return each.param; });

TEST(Head, AnUnknownNameListsTheKnownOnes) {
  try {
    make_head({.name = "arcfase"}, 10, 8);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_THAT(error.hint(), testing::HasSubstr("did you mean 'arcface'"));
    EXPECT_THAT(error.hint(), testing::HasSubstr("softmax"));
  }
}

}  // namespace
}  // namespace facerec
