#include "train/checkpoint.h"

#include <gmock/gmock.h>

#include <fstream>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "support/processes.h"
#include "support/reference.h"
#include "train/checkpoint_writer.h"

namespace facerec {
namespace {

using torch::Tensor;

constexpr int64_t class_count = 7, image_count = 6;

TrainConfig config_with_states() {
  TrainConfig config;
  config.model = {"ir_tiny", 8, {32, 32}, "default", 0.0, 0};
  config.head = {.name = "adaface", .t_alpha = 0.3};
  config.loss.metric = {{.name = "center", .weight = 0.1}};
  config.optimizer.name = "adamw";
  config.train.sync_batch_norm = true;
  return config;
}

Batch batch_of(const World& world, uint64_t seed) {
  Batch batch;
  batch.total = image_count;
  const Range share = world.share(image_count);
  for (int64_t i = share.first; i < share.first + share.count; ++i) {
    Random random("test", {seed, static_cast<uint64_t>(i)});
    for (int value = 0; value < 32 * 32 * 3; ++value) batch.pixels.push_back(static_cast<uint8_t>(random.below(256)));
    batch.labels.push_back(i % class_count);
    batch.indices.push_back(i);
  }
  return batch;
}

std::unique_ptr<Learner> learner_of(const World& world, uint64_t seed) {
  torch::manual_seed(seed);
  return std::make_unique<Learner>(config_with_states(), TaskData{class_count},
                                   Compute{torch::kCPU, {"fp32", "channels_first"}, world});
}

Head& head_of(const Learner& learner) { return dynamic_cast<Head&>(*find_part(learner.objective(), "head")); }

std::map<std::string, Tensor> copies(const NamedTensors& tensors) {
  std::map<std::string, Tensor> copies;
  for (const auto& [name, tensor] : tensors) copies.emplace(name, tensor.clone());
  return copies;
}

// What a checkpoint has of parts that all processes write.
std::map<std::string, Tensor> stored(const fs::path& folder) {
  std::map<std::string, Tensor> all;
  for (const std::string part : {"head", "center", "optimizer"}) {
    for (auto& [name, tensor] : copies(WholePart(folder, part).all())) all[part + " " + name] = tensor;
  }
  return all;
}

using Written = CheckpointWriter::Outcome;

class ProcessesTest : public testing::Test {
 protected:
  void write(int64_t processes, const fs::path& folder, const fs::path& from = {}) {
    test::run_together(processes, [&](const World& world) {
      const auto learner = learner_of(world, from.empty() ? 1 : 2);
      if (from.empty()) {
        for (uint64_t step = 0; step < 3; ++step) learner->step({batch_of(world, step)}, 0.01, false);
      } else {
        load_checkpoint(from, *learner);
      }
      CheckpointWriter writer(*learner);
      writer.start({folder}, state_);
      EXPECT_EQ(writer.finish(), Written::written);
    });
  }

  RunState state_{.step = 3,
                  .best = {},
                  .skipped_steps = 0,
                  .nonfinite_in_a_row = 0,
                  .numerics = {"fp32", "channels_first"},
                  .classes = class_count,
                  .batches_per_epoch = 1,
                  .files = {},
                  .config = {{"task", "identity"}}};
  test::TemporaryFolder folder_;
};

class CheckpointOfProcesses : public ProcessesTest, public testing::WithParamInterface<std::pair<int64_t, int64_t>> {};

TEST_P(CheckpointOfProcesses, IsReadByAnyOtherNumber) {
  const auto [from, to] = GetParam();
  write(from, folder_ / "first");
  write(to, folder_ / "second", folder_ / "first");
  test::run_together(1, [&](const World&) {
    const auto first = stored(folder_ / "first"), second = stored(folder_ / "second");
    ASSERT_EQ(first.size(), second.size());
    EXPECT_EQ(first.at("head weight").size(0), class_count);
    for (const auto& [name, tensor] : first) EXPECT_TRUE(torch::equal(tensor, second.at(name))) << name;
    for (const std::string name : {"head batch_mean", "center centers", "optimizer square.head.weight"}) {
      EXPECT_TRUE(second.contains(name)) << name;
    }
  });
  const SafetensorsFile a(folder_ / "first" / "backbone.safetensors"), b(folder_ / "second" / "backbone.safetensors");
  for (const auto& [name, view] : a.tensors()) EXPECT_TRUE(std::ranges::equal(view.bytes, b.at(name).bytes)) << name;
}

INSTANTIATE_TEST_SUITE_P(dist, CheckpointOfProcesses,
                         testing::Values(std::pair(1, 1), std::pair(2, 2), std::pair(2, 1), std::pair(1, 2),
                                         std::pair(2, 3), std::pair(3, 2)));

TEST_F(ProcessesTest, TwoLearnWhatOneLearns) {
  write(1, folder_ / "one");
  write(2, folder_ / "two");
  test::run_together(1, [&](const World&) {
    const auto one = stored(folder_ / "one"), two = stored(folder_ / "two");
    for (const std::string name : {"head weight", "head batch_mean", "center centers"}) {
      EXPECT_TRUE(torch::allclose(one.at(name), two.at(name), 1e-3, 1e-4)) << name;
    }
  });
}

TEST_F(ProcessesTest, MissingRowsAreTold) {
  write(2, folder_ / "whole");
  fs::remove(folder_ / "whole" / "head-00001-of-00002.safetensors");
  test::run_together(1, [&](const World& world) {
    const auto learner = learner_of(world, 1);
    try {
      load_checkpoint(folder_ / "whole", *learner);
      ADD_FAILURE() << "it was read";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("of 'weight' 4 of 7 rows are there"));
    }
  });
}

TEST_F(ProcessesTest, WhatCannotBeWrittenLeavesNothingAndTheTrainingGoesOn) {
  test::run_together(1, [&](const World& world) {
    const auto learner = learner_of(world, 1);
    CheckpointWriter writer(*learner);
    std::ofstream(folder_ / "file") << "no folder";
    writer.start({folder_ / "file" / "step"}, state_);
    EXPECT_FALSE(writer.is_pending());
    EXPECT_EQ(writer.finish(), Written::failed);
    EXPECT_EQ(writer.finish(), Written::none);
    const torch::NoGradGuard without_gradient;
    head_of(*learner).weight.fill_(std::numeric_limits<float>::quiet_NaN());
    writer.start({folder_ / "nan"}, state_);
    EXPECT_EQ(writer.finish(), Written::failed);
    EXPECT_FALSE(fs::exists(folder_ / "nan"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1) << "the file alone";
  });
}

// One of two folders cannot be begun: neither is given its name, at once or by the next checkpoint.
TEST_F(ProcessesTest, WhatWasBegunOfAFailedCheckpointIsForgotten) {
  write(1, folder_ / "best");
  test::run_together(1, [&](const World& world) {
    const auto learner = learner_of(world, 1);
    CheckpointWriter writer(*learner);
    std::ofstream(folder_ / "file") << "no folder";
    writer.start({folder_ / "best", folder_ / "file" / "step"}, state_);
    EXPECT_EQ(writer.finish(), Written::failed);
    writer.start({folder_ / "next"}, state_);
    EXPECT_EQ(writer.finish(), Written::written);
    EXPECT_TRUE(fs::exists(folder_ / "best" / "backbone.safetensors"));
    EXPECT_TRUE(fs::exists(folder_ / "next" / "backbone.safetensors"));
  });
}

TEST_F(ProcessesTest, ASnapshotIsOfItsMoment) {
  test::run_together(1, [&](const World& world) {
    const auto learner = learner_of(world, 1);
    const Tensor weight = head_of(*learner).weight, then = weight.detach().clone();
    CheckpointWriter writer(*learner);
    writer.start({folder_ / "a", folder_ / "b"}, state_);
    learner->step({batch_of(world, 1)}, 0.5, false);
    EXPECT_EQ(writer.finish(), Written::written);
    EXPECT_FALSE(torch::equal(weight, then));
    for (const std::string name : {"a", "b"}) EXPECT_TRUE(torch::equal(stored(folder_ / name).at("head weight"), then));
    EXPECT_EQ(read_run_state(folder_ / "b").files, read_run_state(folder_ / "a").files);
  });
}

}  // namespace
}  // namespace facerec
