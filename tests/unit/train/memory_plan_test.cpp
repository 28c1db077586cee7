#include "train/memory_plan.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "model/allocation_count.h"
#include "train/learner.h"
#include "train/trial.h"

namespace facerec {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Numerics plain{"fp32", "channels_first"};

struct Case {
  std::string name;
  int64_t images, classes;
  TrainConfig config;
};

TrainConfig configuration(const std::string& backbone, int64_t side, int64_t embedding, int64_t batch_size) {
  TrainConfig config;
  config.model = {.name = backbone, .embedding_size = embedding, .input = {side, side}};
  config.train.batch_size = batch_size;
  return config;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  auto add = [&all](const char* name, int64_t classes, const TrainConfig& config) -> TrainConfig& {
    all.push_back({name, 1000, classes, config});
    return all.back().config;
  };
  add("activations", 100, configuration("ir_tiny", 64, 128, 32));
  add("parameters", 100, configuration("iresnet18", 32, 64, 4));
  add("head", 20000, configuration("ir_tiny", 32, 128, 16));
  add("logits", 20000, configuration("ir_tiny", 16, 32, 128));
  add("checkpointed", 100, configuration("ir_tiny", 64, 128, 32)).train.gradient_checkpointing = true;
  add("adamw", 10000, configuration("mbf", 32, 128, 16)).optimizer.name = "adamw";
  add("subcenters", 10000, configuration("ir_tiny", 32, 64, 16)).head.name = "subcenter_arcface";
  add("frozen", 100, configuration("ir_tiny", 64, 64, 16)).train.tune = "norm";
  return all;
}

// What the allocator counts in two steps of the real training.
int64_t counted(const Case& one) {
  const AllocationCount count;
  const World alone;
  Learner learner(one.config, {one.classes}, Compute{torch::kCPU, plain, alone});
  for (int i = 0; i < 2; ++i) learner.step({trial_batch(one.config, one.config.train.batch_size)}, 0.01, false);
  return count.peak();
}

Footprint measured(const TrainConfig& config) {
  Footprint footprint = measure_footprint(config, {trial_classes}, torch::kCPU, plain);
  footprint.before = 0;  // the test's own
  return footprint;
}

PlannedTraining planned(const TrainConfig& config, int64_t classes) {
  return {.config = config, .classes = classes, .images = 1000, .on_cpu = false};
}

class MemoryPlanOf : public testing::TestWithParam<Case> {};

TEST_P(MemoryPlanOf, ATrainingIsWhatItTakes) {
  const Case& one = GetParam();
  const MemoryPlan plan = plan_memory(measured(one.config), planned(one.config, one.classes), 1);
  const auto real = static_cast<double>(counted(one));
  EXPECT_NEAR(static_cast<double>(plan.total()), real, 0.1 * real) << to_text(plan);
}

INSTANTIATE_TEST_SUITE_P(MemoryPlan, MemoryPlanOf, testing::ValuesIn(cases()),
                         [](const auto& one) { return one.param.name; });

TEST(MemoryPlan, LeavesRandomNumbersAlone) {
  torch::manual_seed(5);
  const torch::Tensor expected = torch::rand({3});
  torch::manual_seed(5);
  measured(configuration("ir_tiny", 32, 16, 8));
  EXPECT_TRUE(torch::equal(torch::rand({3}), expected));
}

TEST(MemoryPlan, OfMoreProcessesIsThatOfTheirShares) {
  const TrainConfig config = configuration("ir_tiny", 32, 64, 64);
  const Footprint footprint = measured(config);
  PlannedTraining training = planned(config, 100000);
  auto bytes = [&](const char* name) {
    for (const auto& item : plan_memory(footprint, training, 1).items) {
      if (item.name == name) return item.bytes;
    }
    return int64_t{0};
  };
  const int64_t head = bytes("head"), activations = bytes("activations"), parameters = bytes("parameters");
  training.processes = {4, 4};
  EXPECT_EQ(bytes("head"), head / 4);
  EXPECT_LT(bytes("activations"), activations / 2);
  EXPECT_EQ(bytes("parameters"), parameters);
}

TEST(MemoryPlan, LargestBatchSizeFitsAndTheNextDoesNot) {
  TrainConfig config = configuration("ir_tiny", 64, 64, 128);
  const Footprint footprint = measured(config);
  const int64_t available = plan_memory(footprint, planned(config, 100), 1).total() / 2;
  const int64_t size = largest_batch_size(footprint, planned(config, 100), available);
  ASSERT_GT(size, 32);
  config.train.batch_size = size;
  EXPECT_TRUE(plan_memory(footprint, planned(config, 100), available).fits());
  config.train.batch_size = size + 2;
  EXPECT_FALSE(plan_memory(footprint, planned(config, 100), available).fits());
}

// With a part of the memory that is needed.
std::string hint_for(const TrainConfig& config, int64_t classes, double part) {
  auto checkpointed = [&] {
    TrainConfig other = config;
    other.train.gradient_checkpointing = true;
    return measured(other);
  };
  const Footprint footprint = measured(config);
  const auto needed = static_cast<double>(plan_memory(footprint, planned(config, classes), 1).total());
  try {
    require_fit(footprint, planned(config, classes), static_cast<int64_t>(part * needed), checkpointed);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_THAT(error.message(), HasSubstr("memory"));
    return error.hint();
  }
  return "";
}

TEST(MemoryPlan, NamesWhatHelps) {
  const TrainConfig deep = configuration("mbf", 64, 64, 64), wide = configuration("ir_tiny", 32, 128, 32);
  EXPECT_EQ(hint_for(deep, 100, 1.0), "");
  EXPECT_THAT(hint_for(deep, 100, 0.8),
              AllOf(HasSubstr("train.batch_size="), HasSubstr("train.accumulate=2"),
                    HasSubstr("train.gradient_checkpointing=true"), HasSubstr("2 processes")));
  EXPECT_THAT(hint_for(wide, 1'000'000, 0.7), HasSubstr("head.sample_rate="));
  EXPECT_THAT(hint_for(wide, 1'000'000, 1e-4), HasSubstr("no setting alone helps"));
}

}  // namespace
}  // namespace facerec
