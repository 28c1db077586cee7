#include "facerec/model/backbone.h"

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "golden.h"
#include "model/layers.h"
#include "model/registry.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using torch::Tensor;

std::shared_ptr<Backbone> shape_of(const std::string& name) {
  return build_backbone({.spec = spec_of({.name = name}), .device = torch::kMeta});
}

TEST(Backbone, IrSe101IsIr101WithSqueezeExcitation) {
  EXPECT_EQ(state_dict(*shape_of("ir_101")).size(), 674);
  EXPECT_EQ(state_dict(*shape_of("ir_se_101")).size(), 674 + 2 * 49);
  EXPECT_EQ(state_dict(*shape_of("ir_152")).size(), 674 + 13);
  EXPECT_EQ(state_dict(*shape_of("ir_se_152")).size(), 674 + 13 + 2 * 50);
}

TEST(Backbone, LayersAreAsManyAsPublished) {
  EXPECT_EQ(count_parameters(*shape_of("adaface_ir_101")), 65'150'912);
  EXPECT_EQ(count_parameters(*shape_of("iresnet100")), 65'156'160);
}

TEST(Backbone, IResNetKeepsTheScaleOfItsEmbeddingAtOne) {
  const auto network = make_backbone({.name = "iresnet18", .embedding_size = 16, .input = {16, 16}});
  const Tensor weight = network->named_parameters()["features.weight"];
  EXPECT_FALSE(weight.requires_grad());
  EXPECT_TRUE(weight.equal(torch::ones({16})));
}

// 4,007,548 without the linear layer.
TEST(Backbone, EfficientNetHasThePublishedSize) {
  EXPECT_EQ(count_parameters(*shape_of("efficientnet_b0")), 4'007'548 + 655'872);
}

TEST(Backbone, IrTinyIsSmall) {
  const auto network = make_backbone({.name = "ir_tiny", .embedding_size = 128, .input = {64, 64}});
  EXPECT_NEAR(static_cast<double>(count_parameters(*network)), 1.1e6, 0.05e6);
  EXPECT_EQ(network->forward(torch::randn({2, 3, 64, 64})).sizes(), torch::IntArrayRef({2, 128}));
}

TEST(Backbone, StochasticDepthDropsWholeSamplesAndKeepsTheMean) {
  torch::manual_seed(5);
  const Tensor x = torch::ones({4000, 2, 3});
  EXPECT_TRUE(layers::drop_samples(x, 0.2, /*training=*/false).equal(x));
  const Tensor dropped = layers::drop_samples(x, 0.2, /*training=*/true);
  EXPECT_TRUE((dropped == dropped.select(1, 0).select(1, 0).view({-1, 1, 1})).all().item<bool>());
  EXPECT_TRUE(((dropped == 0) | ((dropped - 1.25).abs() < 1e-6)).all().item<bool>());
  EXPECT_NEAR(dropped.mean().item<double>(), 1, 0.03);
}

// Only the shapes: the weights are what the allocator left.
TEST(EveryBackbone, TakesOddInputSizesAndOtherEmbeddings) {
  const torch::NoGradGuard without_gradient;
  for (const std::string& name : backbone_names()) {
    const int64_t least = smallest_input(name);
    const Size2 size{std::max<int64_t>(50, least + 5), std::max<int64_t>(37, least)};
    const auto network = build_backbone({.spec = spec_of({.name = name, .embedding_size = 24, .input = size})});
    network->eval();
    EXPECT_EQ(network->forward(torch::randn({2, 3, size[1], size[0]})).sizes(), torch::IntArrayRef({2, 24})) << name;
  }
}

class EveryFamily : public testing::TestWithParam<std::string> {};

TEST_P(EveryFamily, TrainsUnderAutocastInEveryMemoryFormat) {
  const int64_t side = std::max<int64_t>(32, smallest_input(GetParam()));
  const auto network = make_backbone({.name = GetParam(), .embedding_size = 16, .input = {side, side}});
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    network->zero_grad();
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    const Tensor output = network->forward(torch::randn({2, 3, side, side}).contiguous(format));
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    test::projection(output.to(torch::kFloat32)).backward();
    EXPECT_EQ(output.scalar_type(), torch::kBFloat16);
    for (const auto& item : network->named_parameters()) {
      if (!item.value().requires_grad()) continue;
      EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
      EXPECT_EQ(item.value().grad().scalar_type(), torch::kFloat32) << item.key();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryFamily,
                         testing::Values("ir_tiny", "ir_se_50", "adaface_ir_se_50", "iresnet18", "resnet50",
                                         "resnet50_tf2", "efficientnet_b0", "efficientnet_b0_facex", "mobilefacenet",
                                         "mobilefacenet_foamliu", "mobilefacenet_xiaoccer", "inception_resnet_v1",
                                         "mbf", "vit_t"),
                         [](const auto& each) { return std::string(each.param); });

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

TEST(Backbone, TheDefaultPreprocessingIsThePublishedOne) {
  EXPECT_EQ(published_preprocess("ir_50"), Preprocess{});
  EXPECT_TRUE(spec_of({.name = "adaface_ir_50"}).preprocess.bgr);
  EXPECT_EQ(spec_of({.name = "adaface_ir_50", .preprocess = "unit"}).preprocess,
            spec_of({.preprocess = "unit"}).preprocess);
  const Preprocess xiaoccer = spec_of({.name = "mobilefacenet_xiaoccer", .input = {96, 112}}).preprocess;
  EXPECT_EQ(xiaoccer, published_preprocess("mobilefacenet_xiaoccer"));
  EXPECT_FLOAT_EQ(xiaoccer.mean[0] * 255, 127.5F);
  EXPECT_FLOAT_EQ(xiaoccer.std[0] * 255, 128.0F);
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

TEST(Backbone, RefusesImagesOfWhichNothingWouldBeLeft) {
  EXPECT_THAT(caught([] {
                spec_of({.name = "inception_resnet_v1", .input = {112, 74}});
              }).message(),
              HasSubstr("the input height 74 is not between 75 and 1024"));
  EXPECT_EQ(spec_of({.name = "inception_resnet_v1", .input = {75, 75}}).preprocess.width, 75);
}

TEST(Backbone, RefusesWhatIsTooLargeWithoutBuildingIt) {
  // 550 GB of weights.
  const ModelConfig giant{.embedding_size = 65536, .input = {1024, 1024}, .max_parameters = 10'000'000};
  EXPECT_THAT(caught([&] { make_backbone(giant); }).message(), HasSubstr("more than max_parameters 10000000"));
  EXPECT_EQ(caught([&] { make_backbone({.input = {8, 112}}); }).kind(), Error::Kind::usage);
  EXPECT_EQ(caught([&] { make_backbone({.embedding_size = 0}); }).kind(), Error::Kind::usage);
  EXPECT_EQ(caught([&] { make_backbone({.preprocess = "imagenett"}); }).kind(), Error::Kind::usage);
}

}  // namespace
}  // namespace facerec
