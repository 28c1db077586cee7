#include "facerec/train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "facerec/model/backbone.h"
#include "support/reference.h"

namespace facerec {
namespace {

// The references' problem: p[i] = cos(0.5 i), gradient of step t: sin(0.7 i + 1.3 t).
std::vector<std::vector<double>> trajectory(const OptimizerConfig& config, torch::Dtype type) {
  const torch::Tensor i = torch::arange(7, torch::kFloat64);
  torch::Tensor p = torch::cos(0.5 * i).to(type).set_requires_grad(true);
  ParameterGroup group;
  group.parameters = {{"p", p}};
  group.weight_decay = config.weight_decay;
  Optimizer optimizer(config, {group});
  std::vector<std::vector<double>> points;
  auto record = [&] {
    const torch::Tensor values = p.detach().to(torch::kFloat64).contiguous();
    points.emplace_back(values.data_ptr<double>(), values.data_ptr<double>() + 7);
  };
  record();
  for (int t = 0; t < 5; ++t) {
    p.mutable_grad() = torch::sin(0.7 * i + 1.3 * t).to(type);
    optimizer.set_rate(config.lr);
    optimizer.step();
    record();
  }
  return points;
}

void expect_trajectory(const std::string& reference, const OptimizerConfig& config) {
  const auto all = test::load_json(test::test_data() / "reference/numerics/optim/optimisers.json").at("trajectories");
  for (const auto& [name, type, tolerance] :
       {std::tuple("f64", torch::kFloat64, 1e-12), std::tuple("f32", torch::kFloat32, 5e-7)}) {
    const std::vector<std::vector<double>> expected = all.at(reference).at(name);
    const auto points = trajectory(config, type);
    ASSERT_EQ(points.size(), expected.size());
    for (size_t t = 0; t < points.size(); ++t) {
      for (size_t i = 0; i < 7; ++i)
        EXPECT_NEAR(points[t][i], expected[t][i], tolerance) << reference << " " << name << " " << t;
    }
  }
}

OptimizerConfig config_of(const std::string& name, double lr, double weight_decay) {
  OptimizerConfig config;
  config.name = name;
  config.lr = lr;
  config.weight_decay = weight_decay;
  return config;
}

TEST(Optimizer, TrajectoriesEqualPyTorch) {
  FACEREC_NEEDS_TEST_DATA();
  OptimizerConfig sgd = config_of("sgd", 0.1, 5e-4);
  expect_trajectory("sgd_m0.9_wd5e-4", sgd);
  sgd.nesterov = true;
  expect_trajectory("sgd_m0.9_wd5e-4_nesterov", sgd);
  OptimizerConfig plain = config_of("sgd", 0.1, 0);
  plain.momentum = 0;
  expect_trajectory("sgd_plain", plain);
  expect_trajectory("adam", config_of("adam", 1e-3, 0));
  expect_trajectory("adam_wd", config_of("adam", 1e-3, 5e-4));
  expect_trajectory("adamw_wd0.01", config_of("adamw", 1e-3, 0.01));
  OptimizerConfig adamw = config_of("adamw", 0.01, 0.1);
  adamw.beta2 = 0.99;
  adamw.eps = 1e-6;
  expect_trajectory("adamw_wd0.1_b0.9_0.99", adamw);
}

TEST(ClipGradients, EqualsPyTorch) {
  FACEREC_NEEDS_TEST_DATA();
  const auto optimisers = test::load_json(test::test_data() / "reference/numerics/optim/optimisers.json");
  for (const auto& expected : optimisers.at("clip_grad_norm")) {
    std::vector<torch::Tensor> parameters;
    for (const auto& [index, shape] :
         {std::pair(0, std::vector<int64_t>{3, 4}), std::pair(1, std::vector<int64_t>{5})}) {
      torch::Tensor p = torch::zeros(shape, torch::kFloat64);
      p.mutable_grad() = 3 * torch::sin(torch::arange(p.numel(), torch::kFloat64) * (index + 1)).reshape(shape);
      parameters.push_back(p);
    }
    EXPECT_NEAR(clip_gradients(parameters, expected.at("max_norm")).item<double>(), expected.at("total_norm"), 1e-12);
    for (size_t k = 0; k < 2; ++k) {
      const std::vector<double> after = expected.at("grads_after").at(k);
      const torch::Tensor gradient = parameters[k].grad().flatten();
      for (size_t i = 0; i < after.size(); ++i)
        EXPECT_NEAR(gradient[static_cast<int64_t>(i)].item<double>(), after[i], 1e-12);
    }
  }
}

TEST(ParameterGroups, NormsAndPreluAreSparedUnlessAsked) {
  ModelConfig model;
  model.name = "ir_50";
  model.input = {32, 32};
  model.embedding_size = 8;
  const auto backbone = make_backbone(model);
  const auto all = backbone->parameters().size();
  auto decayed = [&](bool norm, bool prelu) {
    OptimizerConfig config;
    config.decay_norm = norm;
    config.decay_prelu = prelu;
    size_t with = 0, total = 0;
    for (const ParameterGroup& group : parameter_groups(*backbone, "", config, 1)) {
      total += group.parameters.size();
      if (group.weight_decay > 0) with += group.parameters.size();
    }
    EXPECT_EQ(total, all);
    return with;
  };
  // IR-50 has 1 + 48 + 3 + 1 weights of convolutions and the linear layer, and 25 PReLU layers.
  EXPECT_EQ(decayed(false, false), 53U);
  EXPECT_EQ(decayed(false, true), 53U + 25U);
  EXPECT_EQ(decayed(true, true), all);
}

}  // namespace
}  // namespace facerec
