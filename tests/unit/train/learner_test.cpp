#include "train/learner.h"

#include <gmock/gmock.h>

#include <functional>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/model/head.h"
#include "unit/train/alone.h"

namespace facerec {
namespace {

using test::alone;

using testing::HasSubstr;

TrainConfig tiny_config() {
  TrainConfig config;
  config.model = {"ir_tiny", 8, {32, 32}, "default", 0.0, 0};
  config.head.scale = 8;
  config.optimizer.lr = 0.1;
  return config;
}

Batch random_batch(int64_t count, uint64_t seed) {
  Batch batch;
  Random random("test", {seed});
  batch.pixels.resize(static_cast<size_t>(count) * 32 * 32 * 3);
  for (uint8_t& value : batch.pixels) value = static_cast<uint8_t>(random.below(256));
  for (int64_t i = 0; i < count; ++i) batch.labels.push_back(i % 3);
  batch.total = count;
  return batch;
}

std::unique_ptr<Learner> make_learner(const TrainConfig& config, const std::string& format = "channels_first",
                                      const std::string& precision = "fp32") {
  torch::manual_seed(5);
  return std::make_unique<Learner>(config, TaskData{3}, Compute{torch::kCPU, {precision, format}, alone});
}

const Backbone& backbone_of(const Learner& learner) { return *learner.objective().backbone(); }

Head& head_of(const Learner& learner) { return dynamic_cast<Head&>(*find_part(learner.objective(), "head")); }

std::vector<torch::Tensor> copy_of(const torch::nn::Module& module) {
  std::vector<torch::Tensor> copies;
  for (const auto& [name, tensor] : state_dict(module)) copies.push_back(tensor.clone());
  return copies;
}

bool equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return torch::equal(x, y); });
}

TEST(Learner, AStepWhoseLossIsNotFiniteChangesNothing) {
  const auto learner = make_learner(tiny_config());
  EXPECT_TRUE(learner->step({random_batch(4, 1)}, 0.1, false).finite);
  const torch::Tensor weight = head_of(*learner).weight;
  const torch::Tensor kept = weight.detach().clone();
  {
    const torch::NoGradGuard no_grad;
    weight[0][0] = std::numeric_limits<float>::quiet_NaN();
  }
  const auto before = copy_of(backbone_of(*learner));
  EXPECT_FALSE(learner->step({random_batch(4, 2)}, 0.1, false).finite);
  EXPECT_TRUE(equal(copy_of(backbone_of(*learner)), before)) << "weights or running statistics moved";
  {
    const torch::NoGradGuard no_grad;
    weight.copy_(kept);
  }
  EXPECT_TRUE(learner->step({random_batch(4, 3)}, 0.1, false).finite);
  EXPECT_FALSE(equal(copy_of(backbone_of(*learner)), before));
}

// What a GPU records lies in the same memory at every step; the CPU does the same steps by hand.
TEST(Learner, StepsOfARecordedKindAreTheSameSteps) {
  TrainConfig recorded = tiny_config();
  recorded.train.cuda_graph = true;
  const auto plain = make_learner(tiny_config()), kept = make_learner(recorded);
  for (uint64_t step = 0; step < 6; ++step) {
    const std::vector<Batch> batches{random_batch(4, 2 * step), random_batch(4, 2 * step + 1)};
    const double rate = 0.1 / static_cast<double>(step + 1);
    EXPECT_EQ(plain->step(batches, rate, step == 0).loss, kept->step(batches, rate, step == 0).loss);
  }
  EXPECT_TRUE(equal(copy_of(backbone_of(*plain)), copy_of(backbone_of(*kept))));
}

TEST(Learner, RefusesToRecordStepsThatDiffer) {
  const auto expect_refusal = [](const std::function<void(TrainConfig&)>& change, const char* reason) {
    TrainConfig config = tiny_config();
    config.train.cuda_graph = true;
    change(config);
    try {
      make_learner(config);
      ADD_FAILURE() << reason;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(reason));
      EXPECT_EQ(error.key(), "train.cuda_graph");
    }
  };
  expect_refusal([](TrainConfig& c) { c.head.sample_rate = 0.5; }, "head.sample_rate");
  expect_refusal([](TrainConfig& c) { c.loss.metric.resize(1); }, "loss.metric");
  expect_refusal([](TrainConfig& c) { c.train.gradient_checkpointing = true; }, "random numbers");
}

TEST(Learner, AccumulatedBatchesAreOneLargeBatch) {
  // Only the head learns: batch normalisation, which sees each part by itself, then uses its running statistics.
  const auto parts = make_learner(tiny_config()), whole = make_learner(tiny_config());
  const Batch a = random_batch(3, 1), b = random_batch(3, 2);
  Batch both = a;
  both.pixels.insert(both.pixels.end(), b.pixels.begin(), b.pixels.end());
  both.labels.insert(both.labels.end(), b.labels.begin(), b.labels.end());
  both.total = both.size();
  const double loss_parts = parts->step({a, b}, 0.1, true).loss, loss_whole = whole->step({both}, 0.1, true).loss;
  EXPECT_NEAR(loss_parts, loss_whole, 1e-5);
  EXPECT_TRUE(torch::allclose(head_of(*parts).weight, head_of(*whole).weight, 1e-4, 1e-6));
}

TEST(Learner, HeadWarmUpLeavesTheBackboneAlone) {
  const auto learner = make_learner(tiny_config());
  const auto backbone = copy_of(backbone_of(*learner)), head = copy_of(head_of(*learner));
  learner->step({random_batch(4, 1)}, 0.1, true);
  EXPECT_TRUE(equal(copy_of(backbone_of(*learner)), backbone));
  EXPECT_FALSE(equal(copy_of(head_of(*learner)), head));
}

TEST(Learner, MemoryFormatsLearnTheSame) {
  const auto first = make_learner(tiny_config()), last = make_learner(tiny_config(), "channels_last");
  for (uint64_t step = 0; step < 3; ++step) {
    const Batch batch = random_batch(6, step);
    EXPECT_NEAR(first->step({batch}, 0.01, false).loss, last->step({batch}, 0.01, false).loss, 1e-3);
  }
}

TEST(Learner, Fp16ScalesTheLossAndHalvesTheScaleWhereItOverflows) {
  const auto learner = make_learner(tiny_config(), "channels_first", "fp16");
  auto scale = [&] {
    for (const auto& [name, tensor] : learner->optimizer_state()) {
      if (name == "loss_scale.scale") return tensor.item<double>();
    }
    return 0.0;
  };
  EXPECT_EQ(scale(), 65536);
  const auto exact = make_learner(tiny_config());
  EXPECT_NEAR(learner->step({random_batch(4, 1)}, 0, false).loss, exact->step({random_batch(4, 1)}, 0, false).loss,
              0.1);
  {
    const torch::NoGradGuard no_grad;
    head_of(*learner).weight[0][0] = std::numeric_limits<float>::infinity();
  }
  const double before = scale();
  EXPECT_FALSE(learner->step({random_batch(4, 2)}, 0.1, false).finite);
  EXPECT_EQ(scale(), before / 2);
}

TEST(Learner, TellsTheGradientNormAndTheMeanCosineToTheOwnClass) {
  const auto learner = make_learner(tiny_config());
  const Learner::Step step = learner->step({random_batch(6, 1)}, 0.1, false);
  ASSERT_EQ(step.figures.size(), 2U);
  EXPECT_EQ(step.figures[0].first, "target_cosine");
  EXPECT_LE(std::abs(step.figures[0].second), 1);
  EXPECT_EQ(step.figures[1].first, "gradient_norm");
  EXPECT_GT(step.figures[1].second, 0);
}

TEST(Learner, AStepWithASampleOfTheClassesLeavesTheOthersAlone) {
  TrainConfig config = tiny_config();
  config.head.sample_rate = 0.5;
  torch::manual_seed(5);
  Learner learner(config, TaskData{40}, Compute{torch::kCPU, {"fp32", "channels_first"}, alone});
  const torch::Tensor before = head_of(learner).weight.detach().clone();
  learner.step({random_batch(4, 1), random_batch(4, 2)}, 0.1, false);  // accumulated over one sample
  EXPECT_EQ((head_of(learner).weight.detach() != before).any(1).sum().item<int64_t>(), 20);
}

}  // namespace
}  // namespace facerec
