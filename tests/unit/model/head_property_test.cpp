// What every head of the table promises, and what those without a reference compute.
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include <numbers>

#include "facerec/model/head.h"
#include "golden.h"

namespace facerec {
namespace {

using torch::Tensor;

constexpr double pi = std::numbers::pi;

HeadConfig usable(const std::string& name) { return {.name = name, .margin = name == "sphereface" ? 4 : 0.5}; }

struct Autocast {
  Autocast() {
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  }
  ~Autocast() { at::autocast::set_autocast_enabled(at::kCPU, false); }
};

bool finite(const Tensor& x) { return x.isfinite().all().item<bool>(); }

// Axes as classes, whose cosines are exact: 1, −1, 0 and their neighbourhoods, and norms from 0 to 1e15.
Tensor edge_embeddings() {
  Tensor rows = torch::zeros({10, 8});
  const auto set = [&](int64_t row, int64_t column, double value) { rows.index_put_({row, column}, value); };
  set(0, 0, 3), set(1, 0, -3), set(2, 7, 1);
  set(4, 0, 1e-20), set(5, 0, 1e15), set(6, 7, -1e15);
  set(7, 0, 1), set(7, 7, 1e-4), set(8, 0, -1), set(8, 7, 1e-4), set(9, 0, 1), set(9, 1, 1);
  return rows;
}

class HeadOfTable : public testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<Head> head(int64_t classes = 5, int64_t embedding_size = 8) const {
    torch::manual_seed(5);
    return make_head(usable(GetParam()), classes, embedding_size);
  }
};

// The margin is a difference of cosines that bf16 cannot tell apart.
TEST_P(HeadOfTable, ComputesInFullPrecisionUnderAutocast) {
  const auto one = head(20, 32), other = head(20, 32);
  const Tensor labels = torch::randint(0, 20, {8});
  const Tensor embeddings = torch::randn({8, 32}).to(torch::kBFloat16);
  const Tensor expected = one->logits(embeddings.to(torch::kFloat32), labels);
  const Autocast autocast;
  const Tensor logits = other->logits(embeddings, labels);
  EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
  EXPECT_LT(test::relative_difference(logits, expected), 1e-6);
}

TEST_P(HeadOfTable, RowsOfOtherProcessesDoNotDependOnTheMargin) {
  const auto head = this->head();
  head->eval();
  const Tensor embeddings = torch::randn({3, 8});
  const Tensor labels = torch::tensor({-1, 2, -1});
  const Tensor logits = head->logits(embeddings, labels);
  const Tensor without = head->logits(embeddings, torch::full({3}, -1, torch::kInt64));
  EXPECT_TRUE(torch::equal(logits[0], without[0]));
  EXPECT_TRUE(torch::equal(logits[2], without[2]));
  EXPECT_EQ(torch::equal(logits[1], without[1]), GetParam() == "softmax");
}

TEST_P(HeadOfTable, IsFiniteAtTheEdges) {
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    for (const int64_t label : {0, 1, -1}) {
      SCOPED_TRACE(testing::Message() << type << " label " << label);
      const auto head = this->head();
      {
        const torch::NoGradGuard without_gradient;
        const int64_t centers = head->weight.size(0) / 5;
        head->weight.copy_(torch::eye(5, 8).repeat_interleave(centers, 0));
        head->weight[-1].zero_();
      }
      const Autocast autocast;
      const Tensor embeddings = edge_embeddings().to(type).requires_grad_();
      const Tensor logits = head->logits(embeddings, torch::full({10}, label, torch::kInt64));
      EXPECT_TRUE(finite(logits));
      Tensor loss = test::projection(torch::log_softmax(logits, 1));
      const Tensor term = head->regularisation(embeddings);
      if (term.defined()) loss = loss + term;
      loss.backward();
      EXPECT_TRUE(finite(loss));
      EXPECT_TRUE(finite(embeddings.grad()));
      EXPECT_TRUE(finite(head->weight.grad()));
      for (const Tensor& buffer : head->buffers()) EXPECT_TRUE(finite(buffer));
    }
  }
}

// A last batch of one sample has no deviation.
TEST_P(HeadOfTable, ASingleSampleLeavesItsStateFinite) {
  HeadConfig config = usable(GetParam());
  config.logit_norm = config.name == "softmax";
  const auto head = make_head(config, 5, 8);
  EXPECT_TRUE(finite(head->logits(torch::zeros({1, 8}), torch::tensor({1}))));
  EXPECT_TRUE(finite(head->logits(torch::ones({1, 8}), torch::tensor({-1}))));
  for (const Tensor& buffer : head->buffers()) EXPECT_TRUE(finite(buffer));
}

TEST_P(HeadOfTable, StateMovesInTrainingAloneAndLivesInItsFile) {
  HeadConfig config = usable(GetParam());
  config.logit_norm = config.name == "softmax";
  const auto head = make_head(config, 5, 8), other = make_head(config, 5, 8);
  const Tensor embeddings = torch::randn({6, 8}), labels = torch::tensor({0, 1, 2, 3, 4, -1});
  std::vector<Tensor> before;
  for (const Tensor& buffer : head->buffers()) before.push_back(buffer.clone());
  const auto moved = [&] {
    bool all = true, any = false;
    for (size_t i = 0; i < before.size(); ++i) {
      const bool same = torch::equal(head->buffers()[i], before[i]);
      all = all && !same, any = any || !same;
    }
    EXPECT_EQ(all && !before.empty(), any);
    return any;
  };
  head->eval();
  head->logits(embeddings, labels);
  EXPECT_FALSE(moved());
  head->train();
  head->logits(embeddings, labels);
  EXPECT_EQ(moved(), !before.empty());

  const test::TemporaryFolder folder;
  save_tensors(folder.path() / "head.safetensors", state_dict(*head), {});
  load_into(state_dict(*other), SafetensorsFile(folder.path() / "head.safetensors"));
  head->eval(), other->eval();
  EXPECT_TRUE(torch::equal(head->logits(embeddings, labels), other->logits(embeddings, labels)));
}

// In float64, along random directions of embeddings and weights.
TEST_P(HeadOfTable, GradientIsTheSlope) {
  HeadConfig config = usable(GetParam());
  config.logit_norm = config.name == "softmax";
  if (config.name == "combined") config.margins = {1.35, 0.4, 0.2};
  if (config.name == "arcface_torch") config.margin = 0;  // with one, its gradient is another by intent
  torch::manual_seed(11);
  const auto head = make_head(config, 6, 8);
  head->to(torch::kFloat64);
  if (!config.logit_norm) head->eval();  // a state that moved would be another function
  const Tensor labels = torch::randint(0, 6, {12});
  const Tensor embeddings = (20 * torch::randn({12, 8}, torch::kFloat64)).requires_grad_();
  const auto value = [&] {
    const Tensor logits = test::projection(head->logits(embeddings, labels));
    const Tensor term = head->regularisation(embeddings);
    return term.defined() ? logits + term : logits;
  };
  value().backward();
  const torch::NoGradGuard without_gradient;
  for (const Tensor& parameter : {embeddings, head->weight}) {
    // AdaFace takes the margin for a constant, though it follows the norm.
    if (config.name == "adaface" && parameter.is_same(embeddings)) continue;
    const Tensor direction = torch::randn_like(parameter), start = parameter.clone();
    const double step = 1e-6 * start.abs().mean().item<double>();
    const auto along = [&](double distance) {
      parameter.copy_(start + distance * direction);
      const double result = value().item<double>();
      parameter.copy_(start);
      return result;
    };
    const double slope = (along(step) - along(-step)) / (2 * step);
    const double expected = (parameter.grad() * direction).sum().item<double>();
    EXPECT_NEAR(expected / slope, 1, 1e-5) << slope;
  }
}

INSTANTIATE_TEST_SUITE_P(, HeadOfTable, testing::ValuesIn(head_names()), [](const auto& each) { return each.param; });

// One embedding of each angle to the class of index 0.
Tensor logits_at(Head& head, const Tensor& angles, int64_t label) {
  Tensor embeddings = torch::zeros({angles.size(0), 3}, torch::kFloat64);
  embeddings.select(1, 0).copy_(angles.cos());
  embeddings.select(1, 1).copy_(angles.sin());
  const torch::NoGradGuard without_gradient;
  return head.logits(embeddings, torch::full({angles.size(0)}, label, torch::kInt64)).select(1, 0);
}

std::shared_ptr<Head> axes(const HeadConfig& config) {
  auto head = make_head(config, 2, 3);
  const torch::NoGradGuard without_gradient;
  const int64_t centers = head->weight.size(0) / 2;
  head->weight.copy_(torch::eye(2, 3).repeat_interleave(centers, 0));
  head->to(torch::kFloat64);
  return head;
}

class HeadMonotone : public testing::TestWithParam<HeadConfig> {};

TEST_P(HeadMonotone, TheFartherTheLess) {
  const auto head = axes(GetParam());
  const Tensor logits = logits_at(*head, torch::linspace(0, pi, 2001, torch::kFloat64), 0);
  EXPECT_LE(logits.diff().max().item<double>(), 1e-12);
  if (GetParam().name != "arcface") {  // whose line begins lower
    EXPECT_LT(logits.diff().abs().max().item<double>(), GetParam().scale * 0.02) << "a jump";
  }
}

INSTANTIATE_TEST_SUITE_P(, HeadMonotone,
                         testing::Values(HeadConfig{.name = "sphereface", .margin = 4},
                                         HeadConfig{.name = "arcface", .margin = 0.5},
                                         HeadConfig{.name = "combined", .margins = {1, 0.5, 0}},
                                         HeadConfig{.name = "combined", .margins = {4, 0.7, 0.1}}),
                         [](const auto& each) { return each.param.name + std::to_string(each.index); });

TEST(HeadCombined, IsTheCosineOfTheSumUpToPi) {
  const auto head = axes({.name = "combined", .scale = 1, .margins = {1.5, 0.3, 0.2}});
  const Tensor angles = torch::linspace(0, (pi - 0.3) / 1.5, 100, torch::kFloat64);
  const Tensor expected = (1.5 * angles + 0.3).cos() - 0.2;
  EXPECT_LT(test::relative_difference(logits_at(*head, angles, 0), expected), 1e-7);  // acos near 1
  EXPECT_LT(test::relative_difference(logits_at(*head, angles, -1), angles.cos()), 1e-12);
}

TEST(HeadSubcenterArcface, TheNearestCentreStandsForItsClass) {
  const auto one = make_head({.name = "arcface", .margin = 0.3}, 4, 8);
  const auto three = make_head({.name = "subcenter_arcface", .margin = 0.3, .centers = 3}, 4, 8);
  ASSERT_EQ(three->weight.sizes(), (std::vector<int64_t>{12, 8}));
  const Tensor labels = torch::tensor({0, 1, 2, 3, -1});
  const Tensor embeddings = torch::randn({5, 8});
  const torch::NoGradGuard without_gradient;
  for (int64_t k = 0; k < 3; ++k) {  // the others of a class point away from every embedding
    three->weight.copy_(torch::zeros({12, 8}));
    for (int64_t c = 0; c < 4; ++c) {
      for (int64_t other = 0; other < 3; ++other) three->weight[3 * c + other].copy_(-1e-3 * one->weight[c]);
      three->weight[3 * c + k].copy_(one->weight[c]);
    }
    const Tensor nearest =
        torch::linear(torch::nn::functional::normalize(embeddings), torch::nn::functional::normalize(one->weight))
            .abs();
    const Tensor without = three->logits(embeddings, torch::full({5}, -1, torch::kInt64));
    EXPECT_LT(test::relative_difference(without, 64 * nearest), 1e-6);
  }
  three->weight.copy_(one->weight.repeat_interleave(3, 0));
  EXPECT_LT(test::relative_difference(three->logits(embeddings, labels), one->logits(embeddings, labels)), 1e-6);
}

TEST(HeadSoftmax, LogitNormStandardisesEveryClassOfABatch) {
  const auto head = make_head({.name = "softmax", .logit_norm = true}, 5, 8);
  const Tensor logits = head->logits(torch::randn({64, 8}), torch::zeros({64}, torch::kInt64));
  EXPECT_LT(logits.mean(0).abs().max().item<double>(), 1e-5);
  EXPECT_LT((logits.std(0, false) - 1).abs().max().item<double>(), 1e-3);
}

TEST(HeadMagface, TheTermIsLeastAtTheUpperNorm) {
  const auto head = make_head({.name = "magface", .norm_weight = 35}, 5, 1);
  const auto term = [&](double norm) { return head->regularisation(torch::tensor({{norm}})).item<double>(); };
  EXPECT_NEAR(term(50), 35 * (50 / 12100.0 + 1 / 50.0), 1e-6);
  EXPECT_EQ(term(0), term(10));
  EXPECT_EQ(term(1e15), term(110));
  for (int norm = 10; norm < 110; ++norm) EXPECT_GT(term(norm), term(norm + 1));
  EXPECT_FALSE(make_head({.name = "magface", .norm_weight = 0}, 5, 1)->regularisation(torch::ones({1, 1})).defined());
}

}  // namespace
}  // namespace facerec
