#include "model/lora.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "golden.h"
#include "model/layers.h"
#include "model/recording.h"

namespace facerec {
namespace {

using layers::Conv;
using layers::ConvShape;
using layers::LinearMap;
using testing::HasSubstr;
using torch::Tensor;

std::shared_ptr<Backbone> backbone_of(const std::string& name = "ir_tiny", uint64_t seed = 1) {
  torch::manual_seed(seed);
  auto backbone = make_backbone({.name = name, .embedding_size = 16, .input = {32, 32}});
  backbone->eval();
  return backbone;
}

// With factors as training leaves them.
std::shared_ptr<Backbone> trained(const std::string& name = "ir_tiny") {
  auto backbone = backbone_of(name);
  add_lora(*backbone, 4, 8, {});
  const torch::NoGradGuard without_gradient;
  for (auto& [key, tensor] : lora_state(*backbone)) {
    if (key.ends_with("lora_B")) Tensor(tensor).normal_(0, 0.02);
  }
  return backbone;
}

Tensor images() {
  torch::manual_seed(9);
  return torch::randn({3, 3, 32, 32});
}

std::set<std::string> keys_of(const NamedTensors& tensors) {
  std::set<std::string> keys;
  for (const auto& [key, tensor] : tensors) keys.insert(key);
  return keys;
}

struct Kind {
  std::string name;
  ConvShape shape;
};

const Kind kinds[] = {
    {"Pointwise", {.in = 8, .out = 12, .kernel = {1, 1}}},
    {"Square", {.in = 8, .out = 12, .kernel = {3, 3}, .stride = 2, .padding = {1, 1}, .bias = true}},
    {"Grouped", {.in = 8, .out = 12, .kernel = {3, 3}, .padding = {1, 1}, .groups = 4}},
    {"Depthwise", {.in = 8, .out = 8, .kernel = {3, 3}, .padding = {1, 1}, .groups = 8}},
};

class LoraConvolution : public testing::TestWithParam<Kind> {};

// In two steps: A a convolution of `rank` filters in each group, B a weighting of its channels.
TEST_P(LoraConvolution, AddsTheProductOfItsFactors) {
  const ConvShape& shape = GetParam().shape;
  Conv conv(shape, torch::kCPU);
  torch::nn::init::normal_(conv.weight);
  const torch::NoGradGuard without_gradient;
  const Tensor x = torch::randn({2, shape.in, 7, 7});
  const Tensor before = conv.forward(x);
  conv.add_lora(3, 0.5);
  EXPECT_TRUE(torch::equal(conv.forward(x), before)) << "B is zero";

  conv.lora_B.normal_();
  const int64_t rows = shape.out / shape.groups, columns = shape.in / shape.groups;
  std::vector<Tensor> added;
  for (int64_t g = 0; g < shape.groups; ++g) {
    const Tensor filters = conv.lora_A.view({3, columns, shape.kernel[0], shape.kernel[1]});
    const Tensor inner = torch::conv2d(x.narrow(1, g * columns, columns), filters, {}, shape.stride, shape.padding);
    added.push_back(torch::conv2d(inner, conv.lora_B.narrow(0, g * rows, rows).view({rows, 3, 1, 1})));
  }
  EXPECT_LT(test::relative_difference(conv.forward(x), before + 0.5 * torch::cat(added, 1)), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LoraConvolution, testing::ValuesIn(kinds),
                         [](const auto& kind) { return kind.param.name; });

TEST(Lora, ALinearLayerAddsTheProductOfItsFactors) {
  layers::Linear linear(10, 6, true, torch::kCPU);
  torch::nn::init::normal_(linear.weight);
  const torch::NoGradGuard without_gradient;
  const Tensor x = torch::randn({5, 10});
  const Tensor before = linear.forward(x);
  linear.add_lora(2, 4);
  EXPECT_TRUE(torch::equal(linear.forward(x), before)) << "B is zero";
  linear.lora_B.normal_();
  const Tensor expected = before + 4 * x.matmul(linear.lora_A.t()).matmul(linear.lora_B.t());
  EXPECT_LT(test::relative_difference(linear.forward(x), expected), 1e-5);
}

TEST(Lora, LeavesTheOutputsOfANetworkAsTheyAre) {
  for (const std::string name : {"ir_tiny", "mobilefacenet", "efficientnet_b0"}) {
    const torch::NoGradGuard without_gradient;
    const auto backbone = backbone_of(name);
    const Tensor before = backbone->forward(images());
    add_lora(*backbone, 8, 16, {});
    EXPECT_TRUE(torch::equal(backbone->forward(images()), before)) << name;
  }
}

TEST(Lora, OnlyFactorsOfAdaptedLayersLearn) {
  const auto backbone = trained();
  backbone->forward(images()).square().sum().backward();
  for (const auto& [key, tensor] : lora_state(*backbone)) {
    EXPECT_EQ(tensor.grad().defined(), !key.ends_with(".weight")) << key;
    EXPECT_TRUE(!tensor.grad().defined() || tensor.grad().any().item<bool>()) << key;
  }
}

TEST(Lora, ASavedBackboneIsAnOrdinaryOne) {
  const torch::NoGradGuard without_gradient;
  const test::TemporaryFolder folder;
  const auto backbone = trained();
  save_backbone(folder / "model.safetensors", *backbone);
  save_state_dict(folder / "model.pth", *backbone);
  for (const char* file : {"model.safetensors", "model.pth"}) {
    const auto loaded = load_backbone(folder / file);
    EXPECT_EQ(keys_of(state_dict(*loaded)), keys_of(state_dict(*backbone_of()))) << file;
    EXPECT_EQ(model_identity(*loaded), model_identity(*backbone)) << file;
    EXPECT_LT(test::relative_difference(loaded->forward(images()), backbone->forward(images())), 1e-5) << file;
  }
  EXPECT_NE(model_identity(*backbone), model_identity(*backbone_of()));
}

// The merged weights cannot be taken apart again to the same bits; the state can.
TEST(Lora, WithItsStateATrainingGoesOnInTheSameBits) {
  const torch::NoGradGuard without_gradient;
  const test::TemporaryFolder folder;
  const auto backbone = trained();
  save_backbone(folder / "model.safetensors", *backbone);
  save_tensors(folder / "lora.safetensors", lora_state(*backbone));

  const auto resumed = backbone_of("ir_tiny", 77);
  add_lora(*resumed, 4, 8, {});
  load_into(state_dict(*resumed), SafetensorsFile(folder / "model.safetensors"));
  load_into(lora_state(*resumed), SafetensorsFile(folder / "lora.safetensors"));
  EXPECT_TRUE(torch::equal(resumed->forward(images()), backbone->forward(images())));
  for (const auto& parameter : backbone->named_parameters()) {
    EXPECT_TRUE(torch::equal(resumed->named_parameters()[parameter.key()], parameter.value())) << parameter.key();
  }
}

TEST(Lora, GraphsHaveTheMergedWeights) {
  const auto plain = backbone_of(), adapted = trained();
  const Recording without = record(*plain), with = record(*adapted);
  ASSERT_EQ(with.operators.size(), without.operators.size());
  for (size_t i = 0; i < with.operators.size(); ++i) EXPECT_EQ(with.operators[i].name, without.operators[i].name);
}

TEST(Lora, KeepsToTheParts) {
  const auto backbone = backbone_of();
  add_lora(*backbone, 4, 8, {"output_layer", "body.1"});
  EXPECT_TRUE(keys_of(lora_state(*backbone)).contains("output_layer.3.lora_A"));
  for (const auto& [key, tensor] : lora_state(*backbone)) {
    EXPECT_TRUE(key.starts_with("output_layer.") || key.starts_with("body.1.")) << key;
  }
}

TEST(Lora, ALayerTooSmallForTheRankGetsItsLargest) {
  const auto backbone = backbone_of("ir_se_50");
  add_lora(*backbone, 8, 8, {"body.0"});  // squeeze-and-excitation by 64 → 4 → 64
  for (const auto& [key, tensor] : lora_state(*backbone)) {
    const int64_t expected = key.find(".fc") == std::string::npos ? 8 : 4;
    EXPECT_TRUE(!key.ends_with("lora_A") || tensor.size(0) == expected) << key;
  }
}

struct Refused {
  std::vector<std::string> parts;
  int64_t rank;
  const char *key, *message;
};

TEST(Lora, SaysWhatCannotBeAdapted) {
  const Refused refused[] = {{{"nose"}, 4, "train.lora.parts", "no part 'nose'"},
                             {{"body", "output_layer.0"}, 4, "train.lora.parts", "'output_layer.0' has no linear"},
                             {{"output_layer.3"}, 17, "train.lora.rank", "the largest is 16"}};
  for (const Refused& each : refused) {
    try {
      add_lora(*backbone_of(), each.rank, 8, each.parts);
      ADD_FAILURE() << each.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      EXPECT_EQ(error.key(), each.key);
      EXPECT_THAT(error.message(), HasSubstr(each.message));
    }
  }
}

}  // namespace
}  // namespace facerec
