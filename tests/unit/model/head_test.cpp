#include "facerec/model/head.h"

#include <gmock/gmock.h>

#include <regex>

#include "facerec/core/error.h"
#include "golden.h"

namespace facerec {
namespace {

using torch::Tensor;

struct Published {
  const char* golden;
  HeadConfig config;
  int steps = 1;          // of heads with a state, one after the other on other embeddings
  bool has_floor = true;  // norms below 1e-12 count as that; the peer without one divides by 1e-20
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
  head->weight.copy_(weight);
  auto parameters = head->named_parameters();
  if (auto* own = parameters.find("bias")) own->copy_(bias.narrow(0, 0, weight.size(0)));
  head->to(type);
  return head;
}

Result run(Head& head, const Tensor& inputs, const Tensor& labels) {
  head.zero_grad();
  const Tensor embeddings = inputs.detach().requires_grad_();
  Result result;
  result.logits = head.logits(embeddings, labels);
  result.loss_rows = torch::nn::functional::cross_entropy(
      result.logits, labels, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kNone));
  Tensor loss = result.loss_rows.mean();
  const Tensor term = head.regularisation(embeddings);
  (term.defined() ? loss + term : loss).backward();
  result.grad_embeddings = embeddings.grad();
  result.grad_weight = head.weight.grad();
  const auto parameters = head.named_parameters();
  if (const auto* bias = parameters.find("bias")) result.grad_bias = bias->grad();
  return result;
}

class HeadReference : public testing::TestWithParam<Published> {
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

TEST_P(HeadReference, LogitsLossAndGradientsAreThePublishedOnes) {
  const SafetensorsFile inputs(folder_ / "inputs.safetensors");
  const Tensor labels = test::read(inputs, "labels");
  for (const auto& [prefix, type, tolerance] :
       {std::tuple("f64", torch::kFloat64, 1e-12), std::tuple("f32", torch::kFloat32, 1e-5)}) {
    SCOPED_TRACE(prefix);
    const auto head = head_with(GetParam().config, test::read(inputs, "weight"), test::read(inputs, "bias"), type);
    for (int step = 0; step < GetParam().steps; ++step) {
      const std::string suffix = GetParam().steps > 1 ? ".step" + std::to_string(step) : "";
      SCOPED_TRACE(suffix);
      const Tensor embeddings = test::read(inputs, step > 0 ? "embeddings_step" + std::to_string(step) : "embeddings");
      compare(run(*head, embeddings.to(type), labels), prefix + suffix, tolerance);
    }
  }
}

// Peers give NaN gradients at cosines of ±1; ours are finite there and the peer's everywhere else.
TEST_P(HeadReference, EdgesAreFinite) {
  const SafetensorsFile inputs(folder_ / "edge_inputs.safetensors");
  const Tensor bias = test::read(SafetensorsFile(folder_ / "inputs.safetensors"), "bias");
  const Tensor labels = test::read(inputs, "labels");
  for (const auto& [prefix, type, tolerance] :
       {std::tuple("edge.f64", torch::kFloat64, 1e-12), std::tuple("edge.f32", torch::kFloat32, 3e-5)}) {
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
      Tensor finite = expected.isfinite();
      if (!GetParam().has_floor && expected.size(0) == labels.size(0)) finite[6].fill_(false);
      const Tensor peer = expected.masked_fill(~finite, 0), difference = (got - peer).masked_fill(~finite, 0).abs();
      // Norms from 1e-20 to 1e15 make gradients of as many magnitudes: each row counts by its own.
      const Tensor scale = std::get<0>(peer.abs().max(-1, true)).clamp_min(1e-25);
      EXPECT_LT((difference / scale).max().item<double>(), tolerance) << name;
    }
  }
}

const Published published_heads[] = {
    {"evo_softmax", {.name = "softmax"}},
    {"evo_sphereface", {.name = "sphereface", .margin = 4}, 3},
    {"evo_arcface", {.name = "arcface"}},
    {"evo_arcface_easy", {.name = "arcface", .easy_margin = true}},
    {"evo_cosface", {.name = "cosface", .margin = 0.35}},
    {"evo_am_softmax", {.name = "cosface", .scale = 30, .margin = 0.35}, 1, false},
    {"facex_am_softmax", {.name = "cosface", .scale = 32, .margin = 0.35}},
    {"arcface_torch_arcface", {.name = "arcface_torch"}},
    {"arcface_torch_cosface", {.name = "cosface", .margin = 0.4}},
    {"arcface_torch_combined_1_0_0.4", {.name = "combined", .margins = {1, 0, 0.4}}},
    {"arcface_torch_combined_filter", {.name = "combined", .margins = {1, 0, 0.4}, .filter_threshold = 0.05}},
    {"adaface", {.name = "adaface", .margin = 0.4}, 3, false},
    {"adaface_t1", {.name = "adaface", .margin = 0.4, .t_alpha = 1}, 3, false},
    {"facex_magface", {.name = "magface", .scale = 32, .norm_weight = 20}},
    {"facex_curricularface", {.name = "curricularface"}, 3},
};

INSTANTIATE_TEST_SUITE_P(, HeadReference, testing::ValuesIn(published_heads), [](const auto& each) {
  return std::regex_replace(std::string(each.param.golden), std::regex("\\W"), "_");
});

class HeadNegativeLabels : public testing::TestWithParam<Published> {};

TEST_P(HeadNegativeLabels, GetNoMargin) {
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

const Published published_with_negative_labels[] = {
    {"arcface_torch_combined_1_0.5_0", {.name = "arcface_torch"}},
    {"arcface_torch_combined_1_0_0.4", {.name = "cosface", .margin = 0.4}},
    {"arcface_torch_combined_filter", {.name = "combined", .margins = {1, 0, 0.4}, .filter_threshold = 0.05}},
};

INSTANTIATE_TEST_SUITE_P(, HeadNegativeLabels, testing::ValuesIn(published_with_negative_labels),
                         [](const auto& each) { return each.param.config.name; });

// The most used, for machines without the reference files; of the gradients, the first rows.
TEST(Head, ArcfaceAndAdafaceAreThePublishedOnes) {
  const SafetensorsFile golden(fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "heads.safetensors");
  for (const HeadConfig& config : {HeadConfig{.name = "arcface"}, HeadConfig{.name = "adaface", .margin = 0.4}}) {
    SCOPED_TRACE(config.name);
    const auto head = head_with(config, test::read(golden, "weight"), {}, torch::kFloat64);
    const Result got = run(*head, test::read(golden, "embeddings").to(torch::kFloat64), test::read(golden, "labels"));
    const auto expected = [&](const char* part) { return test::read(golden, config.name + "." + part); };
    EXPECT_LT(test::relative_difference(got.logits, expected("logits")), 1e-12);
    const Tensor grad_embeddings = expected("grad_embeddings"), grad_weight = expected("grad_weight");
    EXPECT_LT(test::relative_difference(got.grad_embeddings.narrow(0, 0, grad_embeddings.size(0)), grad_embeddings),
              1e-12);
    EXPECT_LT(test::relative_difference(got.grad_weight.narrow(0, 0, grad_weight.size(0)), grad_weight), 1e-12);
  }
}

Error refusal(const HeadConfig& config) {
  try {
    make_head(config, 10, 8);
  } catch (const Error& error) {
    return error;
  }
  return Error("accepted");
}

TEST(Head, AnUnknownNameListsTheKnownOnes) {
  const Error error = refusal({.name = "arcfase"});
  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.hint(), testing::HasSubstr("did you mean 'arcface'"));
  EXPECT_THAT(error.hint(), testing::HasSubstr("softmax"));
}

TEST(Head, KeysAndValuesThatAreNotItsOwnAreRefused) {
  const std::pair<HeadConfig, const char*> wrong[] = {
      {{.name = "arcface", .h = 0.5}, "head.h"},
      {{.name = "cosface", .easy_margin = true}, "head.easy_margin"},
      {{.name = "softmax", .scale = 30}, "head.scale"},
      {{.name = "magface", .margin = 0.4}, "head.margin"},
      {{.name = "adaface", .logit_norm = true}, "head.logit_norm"},
      {{.name = "sphereface"}, "head.margin"},
      {{.name = "sphereface", .margin = 6}, "head.margin"},
      {{.name = "arcface", .margin = 4}, "head.margin"},
      {{.name = "combined", .margins = {1, 0.5}}, "head.margins"},
      {{.name = "combined", .margins = {0, 0.5, 0.1}}, "head.margins"},
      {{.name = "magface", .norms = {10}}, "head.norms"},
      {{.name = "magface", .norms = {110, 10}}, "head.norms"},
      {{.name = "magface", .norm_margins = {0.8, 0.45}}, "head.norm_margins"},
  };
  for (const auto& [config, key] : wrong) {
    SCOPED_TRACE(config.name);
    const Error error = refusal(config);
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_EQ(error.key(), key) << error.what();
    EXPECT_NE(error.hint(), "");
  }
}

}  // namespace
}  // namespace facerec
