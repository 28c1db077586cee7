#include "train/take_up.h"

#include <gtest/gtest.h>

#include "facerec/io/torch_file.h"
#include "facerec/model/head.h"
#include "support/reference.h"
#include "unit/train/alone.h"

namespace facerec {
namespace {

using test::alone;

fs::path golden() { return fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "evolve"; }

std::unique_ptr<Learner> learner_of(int64_t classes, int64_t embedding_size, const std::string& head = "arcface") {
  TrainConfig config;
  config.head.name = head;
  config.model = {"ir_tiny", embedding_size, {32, 32}, "default", 0.0, 0};
  return std::make_unique<Learner>(config, TaskData{classes}, Compute{torch::kCPU, {"fp32", "channels_first"}, alone});
}

Head& head_of(const Learner& learner) { return dynamic_cast<Head&>(*find_part(learner.objective(), "head")); }

TEST(TakeUp, AHeadOfTheSameClasses) {
  const auto learner = learner_of(12, 16);
  ASSERT_TRUE(take_up_head(golden() / "Head_Epoch_2_Batch_7.pth", head_of(*learner)));
  EXPECT_FLOAT_EQ(head_of(*learner).weight[3][5].item<float>(), 0.53F);
  const auto other = learner_of(13, 16);
  const torch::Tensor before = head_of(*other).weight.detach().clone();
  EXPECT_FALSE(take_up_head(golden() / "Head_Epoch_2_Batch_7.pth", head_of(*other)));
  EXPECT_TRUE(torch::equal(head_of(*other).weight, before));
}

TEST(TakeUp, AHeadsBias) {
  const std::vector<float> weight(12 * 16, 0.25F), bias(12, 0.5F);
  const std::vector<NamedTensor> tensors{{"weight", {"F32", {12, 16}, std::as_bytes(std::span(weight))}},
                                         {"bias", {"F32", {12}, std::as_bytes(std::span(bias))}}};
  const test::TemporaryFolder folder;
  write_torch_file(folder / "head.pth", tensors);
  const auto learner = learner_of(12, 16, "softmax");
  ASSERT_TRUE(take_up_head(folder / "head.pth", head_of(*learner)));
  EXPECT_TRUE((head_of(*learner).named_parameters()["bias"] == 0.5).all().item<bool>());
}

// Each momentum goes to the parameter that face.evoLVe numbered so.
TEST(TakeUp, TheMomentumOfEveryParameter) {
  const auto learner = learner_of(12, 16);
  ASSERT_TRUE(take_up_momentum(golden() / "Optimizer_Epoch2_Batch7.pth", *learner));
  const auto expected = test::load_json(golden() / "momenta.json");
  const NamedTensors state = learner->optimizer_state();
  ASSERT_EQ(state.size(), expected.size());
  for (const auto& [name, momentum] : state) {
    const double value = expected.at(name.substr(std::string("momentum.").size()));
    EXPECT_TRUE((momentum == value).all().item<bool>()) << name;
  }
}

TEST(TakeUp, NothingOfAnotherNetwork) {
  const auto learner = learner_of(12, 8);
  EXPECT_FALSE(take_up_momentum(golden() / "Optimizer_Epoch2_Batch7.pth", *learner));
  for (const auto& [name, momentum] : learner->optimizer_state()) EXPECT_FALSE(momentum.any().item<bool>()) << name;
}

}  // namespace
}  // namespace facerec
