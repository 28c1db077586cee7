#include "facerec/model/loss.h"

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "golden.h"

namespace facerec {

void PrintTo(const MetricLossConfig& config, std::ostream* out) { *out << config_json(config); }

namespace {

using torch::Tensor;

bool finite(const Tensor& x) { return x.isfinite().all().item<bool>(); }

fs::path heads() { return test::numerics() / "heads"; }

Tensor reference_labels() { return test::read(SafetensorsFile(heads() / "inputs.safetensors"), "labels"); }

double classification(const ClassificationLossConfig& config, const Tensor& logits, const Tensor& labels) {
  return classification_loss(config, logits, labels).item<double>();
}

// Cross entropy in plain float64.
double cross_entropy(const Tensor& logits, int64_t row, int64_t label, double smoothing) {
  const Tensor log_p = logits[row].to(torch::kFloat64).log_softmax(0);
  return -(1 - smoothing) * log_p[label].item<double>() - smoothing * log_p.mean().item<double>();
}

TEST(LossClassification, FocalOfTheBatchIsFaceEvolves) {
  FACEREC_NEEDS_TEST_DATA();
  const SafetensorsFile golden(heads() / "evo_focalloss.safetensors");
  const std::tuple<const char*, double, double> cases[] = {{"gamma2", 2, 3.763020140060203},
                                                           {"gamma0.5", 0.5, 3.87817160499168}};
  for (const auto& [name, gamma, expected] : cases) {
    for (const auto& [type, tolerance] : {std::pair("f64", 1e-12), std::pair("f32", 1e-5)}) {
      const std::string prefix = std::string(name) + "." + type;
      SCOPED_TRACE(prefix);
      const Tensor logits = test::read(golden, prefix + ".logits").requires_grad_();
      const Tensor loss = classification_loss({.name = "focal_batch", .gamma = gamma}, logits, reference_labels());
      loss.backward();
      EXPECT_NEAR(loss.item<double>(), expected, 10 * tolerance);
      EXPECT_LT(test::relative_difference(logits.grad(), test::read(golden, prefix + ".grad_logits")), tolerance);
    }
  }
}

TEST(LossClassification, IsTheMeanOverRowsThatCount) {
  const Tensor logits = 3 * torch::randn({4, 6}, torch::kFloat64), labels = torch::tensor({2, -1, 0, 5});
  for (const double smoothing : {0.0, 0.1}) {
    double plain = 0, focal = 0;
    for (const int64_t row : {0, 2, 3}) {
      const double loss = cross_entropy(logits, row, labels[row].item<int64_t>(), smoothing);
      plain += loss / 3;
      focal += std::pow(1 - std::exp(-loss), 1.5) * loss / 3;
    }
    EXPECT_NEAR(classification({.weight = 2, .label_smoothing = smoothing}, logits, labels), 2 * plain, 1e-12);
    EXPECT_NEAR(classification({.name = "focal", .gamma = 1.5, .label_smoothing = smoothing}, logits, labels), focal,
                1e-12);
    EXPECT_NEAR(classification({.name = "focal", .gamma = 0, .label_smoothing = smoothing}, logits, labels), plain,
                1e-12);
  }
}

TEST(LossClassification, IsFinite) {
  for (const char* name : {"cross_entropy", "focal", "focal_batch"}) {
    for (const double gamma : {0.0, 0.5, 2.0}) {
      for (const double weight : {0.0, 1.0}) {
        for (const int64_t label : {0, 1, -1}) {
          SCOPED_TRACE(testing::Message() << name << ' ' << gamma << ' ' << weight << ' ' << label);
          const Tensor logits = torch::tensor({{1e4F, -1e4F}, {1e30F, 0.0F}}).requires_grad_();
          const Tensor loss =
              classification_loss({.name = name, .weight = weight, .gamma = gamma}, logits, torch::full({2}, label));
          loss.backward();
          EXPECT_TRUE(finite(loss) && finite(logits.grad()));
          EXPECT_TRUE(loss.item<double>() == 0 || (label >= 0 && weight > 0));
        }
      }
    }
  }
}

struct Metric {
  const char* golden;
  MetricLossConfig config;
  double loss;
};

void PrintTo(const Metric& metric, std::ostream* out) { *out << metric.golden; }

const Metric published_losses[] = {
    {"triplet.raw.soft", {.name = "triplet", .soft_margin = true}, 10.722876884500286},
    {"triplet.raw.margin0.3", {.name = "triplet"}, 10.864912218334343},
    {"triplet.unit.soft", {.name = "triplet", .soft_margin = true, .normalize = true}, 0.6892219931892136},
    {"triplet.unit.margin0.3", {.name = "triplet", .normalize = true}, 0.30910057176723127},
    {"center.raw", {.name = "center"}, 1224.696286344806},
    {"center.unit", {.name = "center", .normalize = true}, 1025.416379329101},
};

class LossReference : public testing::TestWithParam<Metric> {};

TEST_P(LossReference, ValueGradientAndCentresAreTheReferences) {
  FACEREC_NEEDS_TEST_DATA();
  const SafetensorsFile golden(heads() / "metric_losses.safetensors");
  const Tensor inputs = test::read(SafetensorsFile(heads() / "inputs.safetensors"), "embeddings");
  const std::string name = GetParam().golden;
  const auto metric = make_metric_loss(GetParam().config, 10, 512);
  metric->to(torch::kFloat64);
  const bool is_center = GetParam().config.name == "center";
  if (is_center) metric->named_buffers()["centers"].copy_(test::read(golden, "center.centers"));
  const Tensor embeddings = inputs.to(torch::kFloat64).requires_grad_();
  const Tensor loss = metric->loss(embeddings, reference_labels());
  loss.backward();
  EXPECT_NEAR(loss.item<double>() / GetParam().loss, 1, 1e-12);
  EXPECT_LT(test::relative_difference(embeddings.grad(), test::read(golden, name + ".grad_embeddings")), 1e-11);
  if (is_center) {
    EXPECT_LT(test::relative_difference(metric->named_buffers()["centers"],
                                        test::read(golden, name + ".wen_centers_after_alpha0.5")),
              1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(, LossReference, testing::ValuesIn(published_losses), [](const auto& each) {
  std::string name = each.param.golden;
  std::ranges::replace(name, '.', '_');
  return name;
});

// For machines without the reference files; of the gradient, the first rows.
TEST(LossTriplet, IsTheFormulas) {
  const SafetensorsFile golden(fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "heads.safetensors");
  const Tensor embeddings = test::read(golden, "embeddings").to(torch::kFloat64).requires_grad_();
  const Tensor loss = make_metric_loss({.name = "triplet"}, 10, 512)->loss(embeddings, test::read(golden, "labels"));
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), test::read(golden, "triplet.rows").mean().item<double>(), 1e-12);
  const Tensor expected = test::read(golden, "triplet.grad_embeddings");
  EXPECT_LT(test::relative_difference(embeddings.grad().narrow(0, 0, expected.size(0)), expected), 1e-12);
}

double value(const MetricLossConfig& config, const Tensor& embeddings, const Tensor& labels) {
  return make_metric_loss(config, 20, embeddings.size(1))->loss(embeddings, labels).item<double>();
}

double distance(const Tensor& a, const Tensor& b) { return (a - b).norm().item<double>(); }

TEST(LossTripletSemiHard, IsItsRuleInPlainLoops) {
  torch::manual_seed(3);
  const Tensor x = torch::randn({14, 3}, torch::kFloat64), labels = torch::randint(0, 4, {14});
  labels[3] = -1, labels[4] = 17;  // nobody, and somebody with one image
  const auto label = [&](int64_t i) { return labels[i].item<int64_t>(); };
  double sum = 0;
  int64_t pairs = 0;
  for (int64_t a = 0; a < 14; ++a) {
    for (int64_t p = 0; p < 14; ++p) {
      if (a == p || label(a) < 0 || label(a) != label(p)) continue;
      const double positive = distance(x[a], x[p]);
      double nearest_farther = INFINITY, farthest = 0;
      for (int64_t n = 0; n < 14; ++n) {
        if (label(n) < 0 || label(n) == label(a)) continue;
        const double d = distance(x[a], x[n]);
        farthest = std::max(farthest, d);
        if (d > positive) nearest_farther = std::min(nearest_farther, d);
      }
      sum += std::max(0.0, positive - (std::isfinite(nearest_farther) ? nearest_farther : farthest) + 0.3);
      ++pairs;
    }
  }
  EXPECT_NEAR(value({.name = "triplet_semi_hard"}, x, labels), sum / static_cast<double>(pairs), 1e-12);
}

TEST(LossSupcon, IsKhoslasSumInPlainLoops) {
  torch::manual_seed(4);
  const Tensor raw = 30 * torch::randn({9, 4}, torch::kFloat64), labels = torch::tensor({0, 1, 0, 2, 1, 0, -1, 3, 2});
  const Tensor z = raw / raw.norm(2, {1}, true);
  const auto label = [&](int64_t i) { return labels[i].item<int64_t>(); };
  double sum = 0;
  int64_t anchors = 0;
  for (int64_t i = 0; i < 9; ++i) {
    double others = 0, positives = 0;
    int64_t count = 0;
    for (int64_t a = 0; a < 9; ++a) {
      if (a == i || label(a) < 0) continue;
      const double similarity = (z[i] * z[a]).sum().item<double>() / 0.2;
      others += std::exp(similarity);
      if (label(a) == label(i)) positives += similarity, ++count;
    }
    if (label(i) < 0 || count == 0) continue;
    sum += std::log(others) - positives / static_cast<double>(count);
    ++anchors;
  }
  EXPECT_NEAR(value({.name = "supcon", .temperature = 0.2}, raw, labels), sum / static_cast<double>(anchors), 1e-12);
}

class LossOfEmbeddings : public testing::TestWithParam<MetricLossConfig> {
 protected:
  // Value and gradient in training mode; every buffer stays finite.
  std::pair<double, Tensor> run(const Tensor& inputs, const Tensor& labels) const {
    const auto metric = make_metric_loss(GetParam(), 20, inputs.size(1));
    const Tensor embeddings = inputs.clone().requires_grad_();
    const Tensor loss = metric->loss(embeddings, labels);
    loss.backward();
    for (const Tensor& buffer : metric->buffers()) EXPECT_TRUE(finite(buffer));
    return {loss.item<double>(), embeddings.grad()};
  }
};

TEST_P(LossOfEmbeddings, IsFiniteForEveryBatch) {
  const Tensor pairs = torch::tensor({0, 0, 1, 1, 2, 2}), one = torch::zeros({6}, torch::kInt64);
  const Tensor none = torch::full({6}, -1), apart = torch::arange(6);
  const Tensor edges = torch::randn({6, 8}) * torch::tensor({0.0, 1e-20, 1e-6, 1.0, 1e6, 1e15}).unsqueeze(1);
  for (const Tensor& embeddings : {torch::zeros({6, 8}), torch::ones({6, 8}), edges.to(torch::kFloat32)}) {
    for (const Tensor& labels : {pairs, one, none, apart}) {
      const auto [loss, gradient] = run(embeddings, labels);
      EXPECT_TRUE(std::isfinite(loss)) << labels;
      EXPECT_TRUE(finite(gradient)) << labels;
    }
  }
  EXPECT_TRUE(finite(run(torch::ones({1, 8}), torch::tensor({3})).second));
}

TEST_P(LossOfEmbeddings, WithoutAnythingToJudgeIsZero) {
  const bool is_center = GetParam().name == "center";
  for (const Tensor& labels : {torch::full({6}, -1), torch::arange(6)}) {
    if (is_center && labels[1].item<int64_t>() == 1) continue;  // judges every sample
    const auto [loss, gradient] = run(torch::randn({6, 8}), labels);
    EXPECT_EQ(loss, 0);
    EXPECT_EQ(gradient.abs().max().item<double>(), 0);
  }
}

TEST_P(LossOfEmbeddings, GradientIsTheSlope) {
  torch::manual_seed(6);
  const auto metric = make_metric_loss(GetParam(), 20, 8);
  metric->to(torch::kFloat64);
  metric->eval();
  for (const Tensor& buffer : metric->buffers()) buffer.normal_();
  const Tensor x = torch::randn({16, 8}, torch::kFloat64).requires_grad_(), labels = torch::randint(0, 4, {16});
  metric->loss(x, labels).backward();
  const Tensor direction = torch::randn_like(x);
  const torch::NoGradGuard without_gradient;
  const double step = 1e-6,
               slope = (metric->loss(x + step * direction, labels) - metric->loss(x - step * direction, labels))
                           .item<double>() /
                       (2 * step);
  EXPECT_NEAR((x.grad() * direction).sum().item<double>() / slope, 1, 1e-5);
}

TEST_P(LossOfEmbeddings, ComputesInFullPrecisionUnderAutocast) {
  torch::manual_seed(7);
  const Tensor x = torch::randn({16, 8}).to(torch::kBFloat16), labels = torch::randint(0, 4, {16});
  const double expected = value(GetParam(), x.to(torch::kFloat32), labels);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const Tensor loss = make_metric_loss(GetParam(), 20, 8)->loss(x, labels);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(loss.scalar_type(), torch::kFloat32);
  EXPECT_NEAR(loss.item<double>(), expected, 1e-6 * expected);
}

const MetricLossConfig embedding_losses[] = {
    {.name = "triplet"},
    {.name = "triplet", .soft_margin = true, .normalize = true},
    {.name = "triplet_semi_hard"},
    {.name = "triplet_semi_hard", .margin = 1, .normalize = true},
    {.name = "center"},
    {.name = "center", .normalize = true},
    {.name = "supcon"},
};

INSTANTIATE_TEST_SUITE_P(, LossOfEmbeddings, testing::ValuesIn(embedding_losses),
                         [](const auto& each) { return each.param.name + std::to_string(each.index); });

TEST(LossCenter, CentresMoveInTrainingAloneAndGoToTheirMeans) {
  const auto metric = make_metric_loss({.name = "center"}, 3, 2);
  const Tensor x = torch::tensor({{1.0F, 3.0F}, {3.0F, 1.0F}, {9.0F, 9.0F}}), labels = torch::tensor({1, 1, -1});
  const Tensor centers = metric->named_buffers()["centers"];
  metric->eval();
  metric->loss(x, labels);
  EXPECT_EQ(centers.abs().max().item<double>(), 0);
  metric->train();
  for (int i = 0; i < 100; ++i) metric->loss(x, labels);
  EXPECT_LT((centers - torch::tensor({{0.0F, 0.0F}, {2.0F, 2.0F}, {0.0F, 0.0F}})).abs().max().item<double>(), 1e-5);
}

TEST(LossMetric, KeysThatAreNotItsOwnAreRefused) {
  const std::pair<MetricLossConfig, const char*> wrong[] = {
      {{.name = "triplet", .center_lr = 0.1}, "loss.metric.center_lr"},
      {{.name = "triplet_semi_hard", .soft_margin = true}, "loss.metric.soft_margin"},
      {{.name = "center", .temperature = 1}, "loss.metric.temperature"},
      {{.name = "supcon", .margin = 0.2}, "loss.metric.margin"},
  };
  for (const auto& [config, key] : wrong) {
    try {
      make_metric_loss(config, 3, 2);
      ADD_FAILURE() << key;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      EXPECT_EQ(error.key(), key);
    }
  }
}

TEST(LossDistillation, IsTheCosineAndTheDivergence) {
  torch::manual_seed(8);
  const Tensor student = torch::randn({5, 7}, torch::kFloat64).requires_grad_();
  const Tensor teacher = torch::randn({5, 7}, torch::kFloat64).requires_grad_();
  const Tensor cosine = torch::nn::functional::cosine_similarity(student, teacher);
  EXPECT_NEAR(embedding_distillation(student, teacher).item<double>(), 1 - cosine.mean().item<double>(), 1e-12);
  EXPECT_NEAR(embedding_distillation(3 * student, student).item<double>(), 0, 1e-12);

  const Tensor p = (teacher / 4).softmax(1), q = (student / 4).softmax(1);
  const Tensor loss = logit_distillation(student, teacher, 4);
  EXPECT_NEAR(loss.item<double>(), 16 * (p * (p / q).log()).sum().item<double>() / 5, 1e-12);
  loss.backward();
  EXPECT_LT(test::relative_difference(student.grad(), 4 * (q - p) / 5), 1e-12);
  EXPECT_FALSE(teacher.grad().defined());
}

TEST(LossDistillation, IsFiniteAtTheEdges) {
  const Tensor student = torch::tensor({{0.0F, 0.0F}, {1e15F, -1e15F}, {1e-20F, 0.0F}}).requires_grad_();
  const Tensor teacher = torch::tensor({{1.0F, 2.0F}, {-1e15F, 1e15F}, {0.0F, 0.0F}});
  const Tensor loss = embedding_distillation(student, teacher) + logit_distillation(student, teacher, 2);
  loss.backward();
  EXPECT_TRUE(finite(loss) && finite(student.grad()));
}

}  // namespace
}  // namespace facerec
