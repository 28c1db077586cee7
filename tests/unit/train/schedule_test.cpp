#include "facerec/train/schedule.h"

#include <gtest/gtest.h>

#include "support/reference.h"

namespace facerec {
namespace {

constexpr double base_lr = 0.1;

void expect_sequence(const std::string& reference, const ScheduleConfig& config, const RunLength& length,
                     size_t from = 0) {
  const auto all = test::load_json(test::test_data() / "reference/numerics/optim/lr_schedules.json");
  const std::vector<double> expected = all.at(reference).at("lr");
  ASSERT_EQ(expected.size(), 50U);
  for (size_t i = from; i < std::min<size_t>(expected.size(), static_cast<size_t>(length.total_steps)); ++i) {
    EXPECT_NEAR(learning_rate(config, base_lr, static_cast<int64_t>(i), length), expected[i], 1e-15)
        << reference << " " << i;
  }
}

ScheduleConfig schedule(const std::string& name, int64_t warmup, double power = 1) {
  ScheduleConfig config;
  config.name = name;
  config.unit = "step";
  config.warmup = warmup;
  config.power = power;
  return config;
}

TEST(Schedule, PolynomialEqualsArcfaceTorch) {
  FACEREC_NEEDS_TEST_DATA();
  expect_sequence("arcface_torch_PolynomialLRWarmup_w0_t50_p1", schedule("polynomial", 0), {5, 1, 50});
  expect_sequence("arcface_torch_PolynomialLRWarmup_w5_t50_p1", schedule("polynomial", 5), {5, 1, 50});
  expect_sequence("arcface_torch_PolynomialLRWarmup_w5_t50_p2", schedule("polynomial", 5, 2), {5, 1, 50});
  expect_sequence("arcface_torch_PolynomialLRWarmup_w10_t40_p1", schedule("polynomial", 10), {5, 1, 40});
  expect_sequence("arcface_torch_PolynomialLRWarmup_w0_t50_p2", schedule("polynomial", 0, 2), {5, 1, 50});
}

TEST(Schedule, StepEqualsFaceEvolveAndPyTorch) {
  FACEREC_NEEDS_TEST_DATA();
  ScheduleConfig evolve = schedule("step", 2);
  evolve.unit = "epoch";
  evolve.milestones = {4, 7, 9};
  expect_sequence("evo_step_warmup", evolve, {5, 1, 50});
  ScheduleConfig multi = schedule("step", 0);
  multi.milestones = {20, 35, 45};
  expect_sequence("torch_MultiStepLR", multi, {5, 1, 50});
  multi.milestones = {15, 30, 45};
  expect_sequence("torch_StepLR", multi, {5, 1, 50});
}

TEST(Schedule, CosineEqualsPyTorchAndTimm) {
  FACEREC_NEEDS_TEST_DATA();
  expect_sequence("torch_CosineAnnealingLR_50", schedule("cosine", 0), {5, 1, 50});
  ScheduleConfig floor = schedule("cosine", 0);
  floor.final_lr = 1e-4;
  expect_sequence("torch_CosineAnnealingLR_50_min1e-4", floor, {5, 1, 50});
  expect_sequence("cvlface_cosine_timm", schedule("cosine", 10), {5, 1, 50});
  expect_sequence("torch_warmup_cosine", schedule("cosine", 10), {5, 1, 50}, 10);
}

TEST(Schedule, ConstantStaysAfterItsWarmUp) {
  const ScheduleConfig config = schedule("constant", 4);
  EXPECT_EQ(learning_rate(config, 0.1, 0, {5, 1, 50}), 0.025);
  EXPECT_EQ(learning_rate(config, 0.1, 3, {5, 1, 50}), 0.1);
  EXPECT_EQ(learning_rate(config, 0.1, 49, {5, 1, 50}), 0.1);
}

}  // namespace
}  // namespace facerec
