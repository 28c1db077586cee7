#include "facerec/infer/engine.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <numeric>

#include "facerec/model/backbone.h"
#include "facerec/model/device.h"

namespace facerec {
namespace {

ModelConfig tiny(const std::string& preprocess = "default") {
  ModelConfig config;
  config.name = "ir_tiny";
  config.embedding_size = 8;
  config.input = {32, 48};
  config.preprocess = preprocess;
  return config;
}

std::vector<uint8_t> random_images(int64_t n) {
  std::vector<uint8_t> nhwc(static_cast<size_t>(n * 48 * 32 * 3));
  for (size_t i = 0; i < nhwc.size(); ++i) nhwc[i] = static_cast<uint8_t>(i * 31 % 251);
  return nhwc;
}

TEST(Normalise, EveryPreprocessingIsItsFormula) {
  const torch::Tensor pixel = torch::tensor({255, 51, 0}, torch::kUInt8).reshape({1, 1, 1, 3});
  auto value = [&](const std::string& name) {
    const torch::Tensor x = normalise(pixel, spec_of(tiny(name)).preprocess, torch::MemoryFormat::Contiguous);
    EXPECT_EQ(x.sizes(), (std::vector<int64_t>{1, 3, 1, 1}));
    return std::vector<float>{x[0][0].item<float>(), x[0][1].item<float>(), x[0][2].item<float>()};
  };
  const auto rgb = value("default"), bgr = value("bgr"), unit = value("unit");
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(rgb[c], std::vector<float>({1, -0.6F, -1})[c], 1e-6);
    EXPECT_NEAR(bgr[c], std::vector<float>({-1, -0.6F, 1})[c], 1e-6);
    EXPECT_NEAR(unit[c], std::vector<float>({1, 0.2F, 0})[c], 1e-6);
  }
}

TEST(TorchEngine, GivesTheBackbonesEmbeddingsInAnyBatch) {
  torch::manual_seed(3);
  const auto backbone = make_backbone(tiny());
  const auto engine = engine_of(backbone, {"cpu", "fp32", 2});
  const std::vector<uint8_t> images = random_images(5);
  std::vector<float> together(5 * 8), alone(8);
  engine->embed(images, 5, together);
  const size_t bytes = images.size() / 5;
  for (size_t i = 0; i < 5; ++i) {
    engine->embed(std::span(images).subspan(i * bytes, bytes), 1, alone);
    for (size_t d = 0; d < 8; ++d) EXPECT_NEAR(alone[d], together[i * 8 + d], 1e-4);
  }
}

TEST(TorchEngine, LeavesAModelInTrainingAsItWas) {
  const auto backbone = make_backbone(tiny());
  backbone->train();
  const torch::Tensor mean = backbone->named_buffers()["input_layer.1.running_mean"].clone();
  std::vector<float> out(2 * 8);
  engine_of(backbone, {"cpu", "fp32", 2})->embed(random_images(2), 2, out);
  EXPECT_TRUE(backbone->is_training());
  EXPECT_TRUE(torch::equal(mean, backbone->named_buffers()["input_layer.1.running_mean"]));
}

TEST(TorchEngine, Bf16IsClose) {
  torch::manual_seed(3);
  const auto backbone = make_backbone(tiny());
  std::vector<float> full(8), half(8);
  engine_of(backbone, {"cpu", "fp32", 2})->embed(random_images(1), 1, full);
  engine_of(backbone, {"cpu", "bf16", 2})->embed(random_images(1), 1, half);
  const float dot = std::inner_product(full.begin(), full.end(), half.begin(), 0.0F);
  const float norms = std::sqrt(std::inner_product(full.begin(), full.end(), full.begin(), 0.0F) *
                                std::inner_product(half.begin(), half.end(), half.begin(), 0.0F));
  EXPECT_GT(dot / norms, 0.999F);
}

TEST(PixelEngine, IsGreyWithoutItsMean) {
  Preprocess preprocess;
  preprocess.width = 2;
  preprocess.height = 1;
  std::vector<float> out(2);
  pixel_engine(preprocess)->embed(std::vector<uint8_t>{255, 255, 255, 0, 0, 0}, 1, out);
  EXPECT_NEAR(out[0], 127.5F, 1e-3);
  EXPECT_NEAR(out[1], -127.5F, 1e-3);
}

}  // namespace
}  // namespace facerec
