#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/data/synth.h"
#include "facerec/image/degrade.h"
#include "facerec/image/resample.h"
#include "facerec/train/optimizer.h"
#include "support/reference.h"
#include "train/checkpoint.h"
#include "train/super_resolution_objective.h"
#include "train/super_resolution_scores.h"
#include "unit/train/alone.h"

namespace facerec {
namespace {

using test::alone;

const Numerics exact{"fp32", "channels_first"};

using testing::HasSubstr;

constexpr int side = 32;
TrainConfig config_of(const std::string& network, int64_t features = 16) {
  TrainConfig config;
  config.task = "super_resolution";
  config.super_resolution = {
      .network = network, .scale = 2, .patch = side, .groups = 1, .blocks = 1, .features = features};
  return config;
}

class Faces final : public Dataset {
 public:
  Faces(uint64_t first, int64_t count) {
    SynthConfig config;
    config.size = side;
    for (int64_t i = 0; i < count; ++i) {
      faces_.push_back(render_synthetic_face(config, first + static_cast<uint64_t>(i), 0).image);
    }
  }
  int64_t size() const override { return static_cast<int64_t>(faces_.size()); }
  int64_t classes() const override { return 1; }
  int64_t label(int64_t) const override { return 0; }
  std::string name(int64_t index) const override { return "face " + std::to_string(index); }
  Sample read(int64_t index) const override { return {{}, faces_[static_cast<size_t>(index)]}; }

 private:
  std::vector<Image> faces_;
};

Batch batch_of(const Dataset& faces, int64_t first, int64_t count) {
  Batch batch;
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<uint8_t> rgb = load_image(faces, (first + i) % faces.size()).rgb;
    batch.pixels.insert(batch.pixels.end(), rgb.begin(), rgb.end());
    batch.labels.push_back(0);
  }
  return batch;
}

std::vector<LossTerm> losses_of(SuperResolutionObjective& objective, const Batch& batch) {
  return objective.losses(to_device(batch, objective, torch::kCPU), false);
}

double train(SuperResolutionObjective& objective, const Dataset& faces, int64_t steps, double lr) {
  OptimizerConfig config;
  config.name = "adam";
  config.weight_decay = 0;
  Optimizer optimizer(config, parameter_groups(objective.network(), "network.", config, 1));
  double loss = 0;
  for (int64_t step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    const torch::Tensor value = losses_of(objective, batch_of(faces, 8 * step, 8)).front().value;
    value.backward();
    optimizer.set_rate(lr);
    optimizer.step();
    loss = value.item<double>();
  }
  return loss;
}

class SuperResolutionTask : public testing::Test {
 protected:
  // Networks this small are slowed down by a second thread.
  SuperResolutionTask() : threads_(at::get_num_threads()) {
    torch::manual_seed(6);
    at::set_num_threads(1);
  }
  ~SuperResolutionTask() override { at::set_num_threads(threads_); }

  SuperResolutionObjective objective(const TrainConfig& config) const { return {config, {torch::kCPU, exact, alone}}; }

  Error error_of(const TrainConfig& config) const {
    try {
      objective(config);
    } catch (const Error& error) {
      return error;
    }
    return Error("nothing was thrown");
  }

  const test::TemporaryFolder folder_;

 private:
  int threads_;
};

// 8 bits: two images that differ by d everywhere have 20·log10(255/d) dB.
TEST(Psnr, IsThatOfTheDefinition) {
  Image a(4, 3), b(4, 3);
  for (uint8_t& value : b.rgb) value = 10;
  EXPECT_NEAR(psnr(a, b), 28.1308, 1e-4);
  b = a;
  b.rgb[7] = 1;
  EXPECT_NEAR(psnr(a, b), 20 * std::log10(255.0) + 10 * std::log10(36.0), 1e-9);
  EXPECT_EQ(psnr(a, a), psnr(a, b)) << "finite";
}

// Beating the filter takes minutes; its neighbourhood is reached in a second.
TEST_F(SuperResolutionTask, EspcnComesNearBicubicOnOtherPeople) {
  const Faces faces(0, 24), others(1000, 8);
  auto task = objective(config_of("espcn", 8));
  const auto before = super_resolution_scores(task.network(), others);
  for (const double lr : {2e-2, 4e-3}) train(task, faces, 150, lr);
  const auto after = super_resolution_scores(task.network(), others);
  EXPECT_EQ(after[0].name, "psnr");
  EXPECT_EQ(after[1].name, "psnr_bicubic");
  EXPECT_EQ(after[1].value, before[1].value);
  EXPECT_GT(after[0].value, before[0].value + 10);
  EXPECT_GT(after[0].value, after[1].value - 6);
}

TEST_F(SuperResolutionTask, RcanLearnsAndItsColourShiftsDoNot) {
  const Faces faces(0, 8);
  auto task = objective(config_of("rcan", 8));
  const double first = train(task, faces, 1, 1e-3), last = train(task, faces, 15, 1e-3);
  EXPECT_LT(last, first);
  const auto parameters = task.network().named_parameters();
  EXPECT_TRUE(torch::equal(parameters["sub_mean.weight"].flatten(1), torch::eye(3)));
  EXPECT_EQ(parameters["add_mean.bias"][0].item<float>(), 0.4488F * 255);
}

// What evaluation feeds a network with, and what it compares with.
TEST_F(SuperResolutionTask, TheLossIsThatOfTheReducedImage) {
  const Faces faces(3, 1);
  auto task = objective(config_of("espcn"));
  const Image whole = load_image(faces, 0), small = reduce(whole, 2);
  const torch::NoGradGuard without_gradient;
  const auto planes = [](const Image& image) {
    return torch::tensor(std::vector<float>(image.rgb.begin(), image.rgb.end()))
        .view({1, image.height, image.width, 3})
        .permute({0, 3, 1, 2});
  };
  const torch::Tensor expected = (task.network().forward(planes(small)) - planes(whole)).abs().mean();
  const auto terms = losses_of(task, batch_of(faces, 0, 1));
  EXPECT_EQ(terms.front().name, "l1");
  EXPECT_NEAR(terms.front().value.item<double>(), expected.item<double>(), 1e-3);
}

TEST_F(SuperResolutionTask, ASavedNetworkIsReadByItselfAndByEvaluation) {
  for (const std::string name : {"espcn", "rcan"}) {
    const fs::path folder = folder_ / name;
    fs::create_directory(folder);
    const auto saved = objective(config_of(name));
    write_tensors(folder, saved.network_files({{"task", "super_resolution"}}));
    const Metadata metadata = SafetensorsFile(folder / "network.safetensors").metadata();
    EXPECT_EQ(metadata.at("architecture"), name);
    EXPECT_EQ(metadata.at("scale"), "2");
    EXPECT_EQ(load_super_resolution(open_tensor_file(folder / "network.safetensors"))->scale(), 2);

    auto resumed = objective(config_of(name)), started = objective(config_of(name));
    resumed.load(folder);
    started.start_from(folder / "network.safetensors");
    for (const auto& parameter : saved.network().named_parameters()) {
      EXPECT_TRUE(torch::equal(resumed.network().named_parameters()[parameter.key()], parameter.value()));
      EXPECT_TRUE(torch::equal(started.network().named_parameters()[parameter.key()], parameter.value()));
    }
  }
}

TEST_F(SuperResolutionTask, AnotherNetworkIsNoStart) {
  write_tensors(folder_.path(), objective(config_of("espcn", 8)).network_files({}));
  auto task = objective(config_of("espcn"));
  try {
    task.start_from(folder_ / "network.safetensors");
    ADD_FAILURE() << "it was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "init_from");
    EXPECT_THAT(error.message(), HasSubstr("of other sizes"));
  }
}

TEST_F(SuperResolutionTask, WhatDoesNotFitIsSaidWithItsKey) {
  EXPECT_EQ(error_of(config_of("espcn")).message(), "nothing was thrown");
  TrainConfig config = config_of("espcn");
  config.super_resolution.scale = 5;
  EXPECT_EQ(error_of(config).key(), "super_resolution.scale");
  config.super_resolution.scale = 4;
  config.super_resolution.patch = 98;
  EXPECT_EQ(error_of(config).key(), "super_resolution.patch");
  config = config_of("rcan");
  config.train.tune = "lora";
  EXPECT_EQ(error_of(config).key(), "train.tune");
}

TEST_F(SuperResolutionTask, AnImageSmallerThanTheScaleIsNamed) {
  class Dots final : public Dataset {
   public:
    int64_t size() const override { return 1; }
    int64_t classes() const override { return 1; }
    int64_t label(int64_t) const override { return 0; }
    std::string name(int64_t) const override { return "dot.png"; }
    Sample read(int64_t) const override { return {{}, Image(1, 9)}; }
  };
  const auto task = objective(config_of("espcn"));
  try {
    super_resolution_scores(task.network(), Dots());
    ADD_FAILURE() << "it was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "dot.png");
  }
}

}  // namespace
}  // namespace facerec
