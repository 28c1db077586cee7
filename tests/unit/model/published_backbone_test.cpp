// Backbones against what the peers' own code computes: tensors, outputs, gradients.
#include <gtest/gtest.h>

#include "golden.h"
#include "model/registry.h"

namespace facerec {
namespace {

using torch::Tensor;

struct Published {
  const char* name;
  const char* golden;
  bool unit_length = false;  // what was published is the direction of the embedding alone
};

void PrintTo(const Published& published, std::ostream* out) { *out << published.golden; }

// The network that a golden's JSON describes.
NetworkOptions options_of(const std::string& name, const nlohmann::json& golden) {
  const auto size = golden.value("input_size", std::array<int64_t, 2>{112, 112});  // height, width
  const int64_t embedding = golden.value("embedding_size", 512);
  return {.spec = spec_of({.name = name, .embedding_size = embedding, .input = {size[1], size[0]}})};
}

Tensor input_of(const NetworkOptions& options, int64_t batch) {
  const Preprocess& image = options.spec.preprocess;
  return test::mix_tensor("input", {batch, 3, image.height, image.width}, 0, 1);
}

void expect_published_layout(const std::string& name, const nlohmann::json& golden) {
  NetworkOptions options = options_of(name, golden);
  options.device = torch::kMeta;
  const auto network = build_backbone(options);
  const NamedTensors tensors = state_dict(*network);
  const nlohmann::json& expected = golden["state_dict"];
  ASSERT_EQ(tensors.size(), expected.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [key, tensor] = tensors[i];
    EXPECT_EQ(key, expected[i]["key"]);
    EXPECT_EQ(tensor.sizes().vec(), expected[i]["shape"].get<std::vector<int64_t>>()) << key;
    EXPECT_EQ(tensor.scalar_type() == torch::kInt64, expected[i]["dtype"] == "int64") << key;
  }
  EXPECT_EQ(count_parameters(*network), golden["parameters"]);
}

Tensor direction(const Tensor& embeddings) { return embeddings / embeddings.norm(2, {1}, true); }

// Several peers published the same network under their own names.
const Published published[] = {
    {"ir_50", "evo_ir_50"},
    {"ir_50", "facex_resnet_50_ir"},
    {"ir_101", "evo_ir_101"},
    {"ir_se_50", "evo_ir_se_50"},
    {"ir_se_50", "ifp_ir_se_50", true},
    {"adaface_ir_18", "adaface_ir_18", true},
    {"adaface_ir_50", "adaface_ir_50", true},
    {"adaface_ir_50", "cvlface_ir_50"},
    {"adaface_ir_50", "tface_ir_50"},
    {"adaface_ir_se_50", "adaface_ir_se_50", true},
    {"iresnet18", "arcface_torch_iresnet18"},
    {"iresnet50", "arcface_torch_iresnet50"},
    {"resnet50", "evo_resnet_50"},
    {"efficientnet_b0_facex", "facex_efficientnet_b0"},
    {"efficientnet_b0_facex_same", "facex_efficientnet_b0_dynamic"},
    {"mobilefacenet", "evo_mobilefacenet_512"},
    {"mobilefacenet", "ifp_mobilefacenet", true},
    {"mobilefacenet", "xue_mobilefacenet", true},
    {"mobilefacenet_foamliu", "foamliu_mobilefacenet"},
    {"mobilefacenet_xiaoccer", "xiaoccer_mobilefacenet"},
    {"mbf", "arcface_torch_mbf"},
};

nlohmann::json golden_of(const Published& each) {
  return test::load_json(test::numerics() / "backbones" / (std::string(each.golden) + ".json"));
}

TEST(PublishedBackbones, HaveThePublishedTensorsInOrder) {
  FACEREC_NEEDS_TEST_DATA();
  for (const Published& each : published) {
    SCOPED_TRACE(each.golden);
    expect_published_layout(each.name, golden_of(each));
  }
}

class PublishedBackbone : public testing::TestWithParam<Published> {};

TEST_P(PublishedBackbone, GivesThePublishedOutput) {
  FACEREC_NEEDS_TEST_DATA();
  const nlohmann::json golden = golden_of(GetParam());
  const SafetensorsFile outputs(test::numerics() / "backbones" / (std::string(GetParam().golden) + ".safetensors"));
  const Tensor exact = test::read(outputs, "mix.f64.output");
  const NetworkOptions options = options_of(GetParam().name, golden);
  const auto network = build_backbone(options);
  test::fill_mix(*network, golden);
  network->eval();
  const torch::NoGradGuard without_gradient;
  auto difference = [&](const char* what, const Tensor& output) {
    const double relative = test::relative_difference(GetParam().unit_length ? direction(output) : output, exact);
    std::ostringstream text;
    text << relative;
    RecordProperty(what, text.str());
    return relative;
  };
  const Tensor input = input_of(options, 2);
  EXPECT_LT(difference("float32", network->forward(input)), 1e-5);
  EXPECT_LT(difference("channels_last", network->forward(input.contiguous(at::MemoryFormat::ChannelsLast))), 1e-5);
  network->to(torch::kFloat64);
  const Tensor output = network->forward(input.to(torch::kFloat64));
  EXPECT_LT(difference("float64", output), 1e-12);
  if (!outputs.tensors().contains("mix.f64.norm")) return;
  EXPECT_LT(test::relative_difference(output.norm(2, {1}, true), test::read(outputs, "mix.f64.norm")), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(, PublishedBackbone, testing::ValuesIn(published),
                         [](const auto& each) { return std::string(each.param.golden); });

// The goldens of tests/golden, which hold the first four numbers of each embedding.
void expect_first_numbers(const std::string& name, const nlohmann::json& golden) {
  expect_published_layout(name, golden);
  const NetworkOptions options = options_of(name, golden);
  const auto network = build_backbone(options);
  test::fill_mix(*network, golden);
  network->eval();
  const torch::NoGradGuard without_gradient;
  const Tensor input = input_of(options, 2);
  const Tensor rough = network->forward(input);
  network->to(torch::kFloat64);
  const Tensor exact = network->forward(input.to(torch::kFloat64));
  const nlohmann::json& expected = golden["mix"];
  const double largest = expected["f64_output_max_abs"];
  EXPECT_LT(test::relative_difference(rough, exact), 1e-5);
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(exact[n][i].item<double>(), expected["f64_first4"][n][i], 1e-12 * largest);
    }
    EXPECT_NEAR(exact[n].norm().item<double>(), expected["f64_output_l2"][n], 1e-11 * largest);
  }
}

nlohmann::json own_golden(const std::string& file) {
  return test::load_json(fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / file);
}

class PublishedBackboneVit : public testing::TestWithParam<const char*> {};

TEST_P(PublishedBackboneVit, GivesThePublishedOutput) {
  expect_first_numbers(GetParam(), own_golden("vit.json")["networks"][GetParam()]);
}

INSTANTIATE_TEST_SUITE_P(, PublishedBackboneVit, testing::Values("vit_t", "vit_s", "vit_b"),
                         [](const auto& each) { return std::string(each.param); });

TEST(PublishedBackboneEfficientNet, GivesThePublishedOutput) {
  expect_first_numbers("efficientnet_b0", own_golden("efficientnet_b0.json"));
}

TEST(PublishedBackboneResNet50Tf2, GivesKerasOutput) {
  expect_first_numbers("resnet50_tf2", own_golden("resnet50_tf2.json"));
}

TEST(PublishedBackboneInceptionResnet, GivesThePublishedOutput) {
  expect_first_numbers("inception_resnet_v1", own_golden("inception_resnet_v1.json"));
}

// The classifier of lukemelas' ImageNet weights takes the place of the embedding.
TEST(PublishedBackboneEfficientNet, HoldsTheImageNetWeightsAtAThousandNumbers) {
  nlohmann::json golden = own_golden("efficientnet_b0.json");
  auto& entries = golden["state_dict"];
  entries[entries.size() - 2]["shape"] = {1000, 1280};
  entries[entries.size() - 1]["shape"] = {1000};
  golden["embedding_size"] = 1000;
  golden["parameters"] = 5'288'548;
  expect_published_layout("efficientnet_b0", golden);
}

// Gradients and running statistics of one training step, in double.
class PublishedBackboneTraining : public testing::TestWithParam<Published> {
 protected:
  void SetUp() override {
    FACEREC_NEEDS_TEST_DATA();
    const fs::path folder = test::numerics() / "backbones";
    const std::string name = GetParam().golden;
    const nlohmann::json layout = golden_of(GetParam());
    golden_ = test::load_json(folder / (name + ".train.json"))["fills"]["mix"]["f64"];
    options_ = options_of(GetParam().name, layout);
    network_ = build_backbone(options_);
    test::fill_mix(*network_, layout);
    network_->to(torch::kFloat64);
  }

  void expect_published_gradients() {
    const nlohmann::json& gradients = golden_["projection"]["grad"];
    double largest = 0;
    for (const auto& [key, expected] : gradients.items()) largest = std::max(largest, expected["l2"].get<double>());
    size_t trained = 0;
    for (const auto& item : network_->named_parameters()) {
      if (!item.value().requires_grad()) continue;
      ++trained;
      const nlohmann::json& expected = gradients[item.key()];
      const Tensor gradient = item.value().grad();
      // Some gradients are zero but for rounding; the rest are of the order of their own norm.
      const double tolerance = 1e-8 * expected["l2"].get<double>() + 1e-13 * largest;
      EXPECT_NEAR(gradient.norm().item<double>(), expected["l2"], tolerance) << item.key();
      EXPECT_NEAR(gradient.sum().item<double>(), expected["sum"], 10 * tolerance) << item.key();
      for (int64_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(gradient.flatten()[i].item<double>(), expected["first4"][i], tolerance) << item.key();
      }
    }
    EXPECT_EQ(trained, gradients.size());
  }

  void expect_published_statistics() {
    const nlohmann::json& statistics = golden_["running_stats_after_one_forward"];
    for (const auto& item : network_->named_buffers()) {
      const auto expected = statistics.find(item.key());
      if (expected == statistics.end()) {
        EXPECT_EQ(item.value().item<int64_t>(), 1) << item.key();
      } else {
        EXPECT_NEAR(item.value().norm().item<double>(), *expected, 1e-9 * expected->get<double>()) << item.key();
      }
    }
  }

  nlohmann::json golden_;
  NetworkOptions options_;
  std::shared_ptr<Backbone> network_;
};

TEST_P(PublishedBackboneTraining, GivesThePublishedGradients) {
  const Tensor output = network_->forward(input_of(options_, 4).to(torch::kFloat64));
  const Tensor loss = test::projection(GetParam().unit_length ? direction(output) : output);
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), golden_["projection"]["loss"], 1e-9);
  expect_published_gradients();
  expect_published_statistics();
}

INSTANTIATE_TEST_SUITE_P(, PublishedBackboneTraining,
                         testing::Values(Published{"ir_se_50", "evo_ir_se_50"},
                                         Published{"iresnet50", "arcface_torch_iresnet50"},
                                         Published{"adaface_ir_18", "adaface_ir_18", true}),
                         [](const auto& each) { return std::string(each.param.golden); });

}  // namespace
}  // namespace facerec
