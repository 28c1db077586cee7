#include "facerec/model/backbone.h"

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "golden.h"
#include "model/registry.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using torch::Tensor;

struct Published {
  const char* name;
  const char* golden;
  bool in_double;  // the rest would take long
};

void PrintTo(const Published& published, std::ostream* out) { *out << published.name; }

ModelConfig config_of(const std::string& name) { return {.name = name, .dropout = 0.0}; }

class PublishedBackbone : public testing::TestWithParam<Published> {
 protected:
  void SetUp() override {
    FACEREC_NEEDS_TEST_DATA();
    const fs::path folder = test::numerics() / "backbones";
    golden_ = test::load_json(folder / (std::string(GetParam().golden) + ".json"));
    outputs_ = std::make_unique<SafetensorsFile>(folder / (std::string(GetParam().golden) + ".safetensors"));
  }
  nlohmann::json golden_;
  std::unique_ptr<SafetensorsFile> outputs_;
};

TEST_P(PublishedBackbone, StateDictHasThePublishedKeysInOrder) {
  const auto network = build_backbone({.spec = spec_of(config_of(GetParam().name)), .device = torch::kMeta});
  const NamedTensors tensors = state_dict(*network);
  const nlohmann::json& expected = golden_["state_dict"];
  ASSERT_EQ(tensors.size(), expected.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [key, tensor] = tensors[i];
    EXPECT_EQ(key, expected[i]["key"]);
    EXPECT_EQ(tensor.sizes().vec(), expected[i]["shape"].get<std::vector<int64_t>>()) << key;
    EXPECT_EQ(tensor.scalar_type() == torch::kInt64, expected[i]["dtype"] == "int64") << key;
  }
  EXPECT_EQ(count_parameters(*network), golden_["parameters"]);
}

TEST_P(PublishedBackbone, ForwardGivesThePublishedOutput) {
  const auto network = build_backbone({.spec = spec_of(config_of(GetParam().name))});
  test::fill_mix(*network, golden_);
  network->eval();
  const torch::NoGradGuard without_gradient;
  const Tensor input = test::mix_tensor("input", {2, 3, 112, 112}, 0, 1);
  const Tensor exact = test::read(*outputs_, "mix.f64.output");
  EXPECT_LT(test::relative_difference(network->forward(input), exact), 1e-5);
  EXPECT_LT(test::relative_difference(network->forward(input.contiguous(at::MemoryFormat::ChannelsLast)), exact), 1e-5);
  if (!GetParam().in_double) return;
  network->to(torch::kFloat64);
  EXPECT_LT(test::relative_difference(network->forward(input.to(torch::kFloat64)), exact), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(, PublishedBackbone,
                         testing::Values(Published{"ir_50", "evo_ir_50", false},
                                         Published{"ir_101", "evo_ir_101", false},
                                         Published{"ir_se_50", "evo_ir_se_50", true},
                                         Published{"resnet50", "evo_resnet_50", true},
                                         Published{"mobilefacenet", "evo_mobilefacenet_512", true}),
                         [](const auto& each) { return std::string(each.param.name); });

// Gradients and running statistics of one training step, in double.
TEST(Backbone, TrainingStepOfIrSe50GivesThePublishedGradients) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path folder = test::numerics() / "backbones";
  const auto network = build_backbone({.spec = spec_of(config_of("ir_se_50"))});
  test::fill_mix(*network, test::load_json(folder / "evo_ir_se_50.json"));
  network->to(torch::kFloat64);
  const nlohmann::json golden = test::load_json(folder / "evo_ir_se_50.train.json")["fills"]["mix"]["f64"];

  const Tensor output = network->forward(test::mix_tensor("input", {4, 3, 112, 112}, 0, 1).to(torch::kFloat64));
  const Tensor loss = test::projection(output);
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), golden["projection"]["loss"], 1e-9);

  double largest = 0;
  for (const auto& [key, expected] : golden["projection"]["grad"].items()) {
    largest = std::max(largest, expected["l2"].get<double>());
  }
  for (const auto& item : network->named_parameters()) {
    const nlohmann::json& expected = golden["projection"]["grad"][item.key()];
    const Tensor gradient = item.value().grad();
    // Some gradients are zero but for rounding; the rest are of the order of their own norm.
    const double tolerance = 1e-8 * expected["l2"].get<double>() + 1e-13 * largest;
    EXPECT_NEAR(gradient.norm().item<double>(), expected["l2"], tolerance) << item.key();
    EXPECT_NEAR(gradient.sum().item<double>(), expected["sum"], 10 * tolerance) << item.key();
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(gradient.flatten()[i].item<double>(), expected["first4"][i], tolerance) << item.key();
    }
  }
  for (const auto& item : network->named_buffers()) {
    const auto expected = golden["running_stats_after_one_forward"].find(item.key());
    if (expected == golden["running_stats_after_one_forward"].end()) {
      EXPECT_EQ(item.value().item<int64_t>(), 1) << item.key();
    } else {
      EXPECT_NEAR(item.value().norm().item<double>(), *expected, 1e-9 * expected->get<double>()) << item.key();
    }
  }
}

TEST(Backbone, IrSe101IsIr101WithSqueezeExcitation) {
  const auto plain = build_backbone({.spec = spec_of(config_of("ir_101")), .device = torch::kMeta});
  const auto squeezed = build_backbone({.spec = spec_of(config_of("ir_se_101")), .device = torch::kMeta});
  EXPECT_EQ(state_dict(*plain).size(), 674);
  EXPECT_EQ(state_dict(*squeezed).size(), 674 + 2 * 49);
}

TEST(Backbone, IrTinyIsSmall) {
  const auto network = make_backbone({.name = "ir_tiny", .embedding_size = 128, .input = {64, 64}});
  EXPECT_NEAR(static_cast<double>(count_parameters(*network)), 1.1e6, 0.05e6);
  EXPECT_EQ(network->forward(torch::randn({2, 3, 64, 64})).sizes(), torch::IntArrayRef({2, 128}));
}

class EveryBackbone : public testing::TestWithParam<std::string> {};

TEST_P(EveryBackbone, TakesOddInputSizesAndOtherEmbeddings) {
  const auto network = make_backbone({.name = GetParam(), .embedding_size = 24, .input = {50, 37}});
  network->eval();
  const torch::NoGradGuard without_gradient;
  EXPECT_EQ(network->forward(torch::randn({2, 3, 37, 50})).sizes(), torch::IntArrayRef({2, 24}));
}

class EveryFamily : public testing::TestWithParam<std::string> {};

TEST_P(EveryFamily, TrainsUnderAutocastInEveryMemoryFormat) {
  const auto network = make_backbone({.name = GetParam(), .embedding_size = 16, .input = {32, 32}});
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    network->zero_grad();
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    const Tensor output = network->forward(torch::randn({2, 3, 32, 32}).contiguous(format));
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    test::projection(output.to(torch::kFloat32)).backward();
    EXPECT_EQ(output.scalar_type(), torch::kBFloat16);
    for (const auto& item : network->named_parameters()) {
      EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
      EXPECT_EQ(item.value().grad().scalar_type(), torch::kFloat32) << item.key();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryFamily, testing::Values("ir_tiny", "ir_se_50", "mobilefacenet", "resnet50"),
                         [](const auto& each) { return std::string(each.param); });

INSTANTIATE_TEST_SUITE_P(, EveryBackbone, testing::ValuesIn(backbone_names()),
                         [](const auto& each) { return each.param; });

TEST(Backbone, Bf16AgreesWithFp32) {
  torch::manual_seed(3);
  const auto network = make_backbone({.name = "ir_tiny", .embedding_size = 128, .input = {64, 64}});
  network->eval();
  const torch::NoGradGuard without_gradient;
  const Tensor input = torch::randn({4, 3, 64, 64});
  const Tensor exact = network->forward(input);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const Tensor rough = network->forward(input).to(torch::kFloat32);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_GT(torch::cosine_similarity(exact, rough).min().item<double>(), 0.999);
}

TEST(Backbone, WeightsFollowTheGenerator) {
  const ModelConfig config{.name = "ir_tiny", .embedding_size = 16, .input = {32, 32}};
  torch::manual_seed(7);
  const std::string first = model_identity(*make_backbone(config));
  const std::string other = model_identity(*make_backbone(config));
  torch::manual_seed(7);
  EXPECT_EQ(model_identity(*make_backbone(config)), first);
  EXPECT_NE(other, first);
}

TEST(Backbone, PreprocessingFollowsTheConfiguration) {
  const Preprocess standard = spec_of({.input = {96, 80}}).preprocess;
  EXPECT_EQ(standard, (Preprocess{.width = 96, .height = 80}));
  EXPECT_TRUE(spec_of({.preprocess = "bgr"}).preprocess.bgr);
  EXPECT_EQ(spec_of({.preprocess = "unit"}).preprocess, (Preprocess{.mean = {0, 0, 0}, .std = {1, 1, 1}}));
}

template <class Call>
Error caught(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing was thrown");
}

TEST(Backbone, AnUnknownNameListsTheKnownOnes) {
  const Error error = caught([] { make_backbone({.name = "ir_se50"}); });
  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.message(), HasSubstr("ir_se50"));
  EXPECT_THAT(error.hint(), HasSubstr("did you mean 'ir_se_50'"));
  EXPECT_THAT(error.hint(), HasSubstr("mobilefacenet"));
}

TEST(Backbone, RefusesWhatIsTooLargeWithoutBuildingIt) {
  // 550 GB of weights.
  const ModelConfig giant{.embedding_size = 65536, .input = {1024, 1024}, .max_parameters = 10'000'000};
  EXPECT_THAT(caught([&] { make_backbone(giant); }).message(), HasSubstr("more than max_parameters 10000000"));
  EXPECT_EQ(caught([&] { make_backbone({.input = {8, 112}}); }).kind(), Error::Kind::usage);
  EXPECT_EQ(caught([&] { make_backbone({.embedding_size = 0}); }).kind(), Error::Kind::usage);
  EXPECT_EQ(caught([&] { make_backbone({.preprocess = "imagenet"}); }).kind(), Error::Kind::usage);
}

}  // namespace
}  // namespace facerec
