#include "model/recompute.h"

#include <gtest/gtest.h>

#include "facerec/model/backbone.h"
#include "facerec/model/device.h"
#include "facerec/model/weights.h"
#include "model/allocation_count.h"

namespace facerec {
namespace {

using torch::Tensor;

// What a training step leaves behind.
struct Left {
  std::vector<std::pair<std::string, Tensor>> tensors;  // output, gradients, running statistics
  int64_t kept = 0;                                     // bytes held for the backward pass
};

ModelConfig small(const std::string& name) {
  const int64_t side = std::max<int64_t>(32, smallest_input(name));
  return {.name = name, .embedding_size = 16, .input = {side, side}, .dropout = 0.4};
}

Left step(Backbone& backbone, int64_t images, const std::string& precision = "fp32") {
  torch::manual_seed(7);
  const Preprocess& size = backbone.spec().preprocess;
  const Tensor x = torch::randn({images, 3, size.height, size.width});
  backbone.zero_grad();
  backbone.train();
  const AllocationCount count;
  Tensor y;
  {
    const Autocast autocast(torch::kCPU, precision);
    y = backbone.forward(x);
  }
  Left left;
  left.kept = count.live();
  y.to(torch::kFloat32).square().sum().backward();
  left.tensors.emplace_back("output", y.detach());
  for (const auto& parameter : backbone.named_parameters()) {
    left.tensors.emplace_back("gradient of " + parameter.key(), parameter.value().grad());
  }
  for (const auto& buffer : backbone.named_buffers()) left.tensors.emplace_back(buffer.key(), buffer.value().clone());
  return left;
}

void expect_same(const Left& a, const Left& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    const auto& [name, x] = a.tensors[i];
    const Tensor& y = b.tensors[i].second;
    ASSERT_EQ(x.defined(), y.defined()) << name;
    EXPECT_TRUE(!x.defined() || torch::equal(x, y)) << name;
  }
}

std::shared_ptr<Backbone> make(const ModelConfig& config) {
  torch::manual_seed(3);
  return make_backbone(config);
}

class EveryBackbone : public testing::TestWithParam<std::string> {
 protected:
  EveryBackbone() : threads_(at::get_num_threads()) { at::set_num_threads(1); }
  ~EveryBackbone() override { at::set_num_threads(threads_); }

 private:
  int threads_;
};

TEST_P(EveryBackbone, LearnsTheSameWithLessMemoryFromCheckpointedBlocks) {
  const auto plain = make(small(GetParam())), checkpointed = make(small(GetParam()));
  checkpointed->checkpoint_blocks();
  const Left expected = step(*plain, 2), found = step(*checkpointed, 2);
  expect_same(expected, found);
  EXPECT_LT(found.kept, expected.kept * 7 / 10);
}

std::vector<std::string> trainable_here() {
  std::vector<std::string> names;
  for (const std::string& name : backbone_names()) {
    const bool is_deep = name.ends_with("_101") || name.ends_with("_152") || name.ends_with("100") ||
                         name.ends_with("200") || name.starts_with("vit_l") || name.starts_with("vit_b");
    if (!is_deep) names.push_back(name);  // a deep one has the blocks of its smaller sister
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Recompute, EveryBackbone, testing::ValuesIn(trainable_here()),
                         [](const auto& one) { return one.param; });

TEST(Recompute, LearnsTheSameUnderAutocast) {
  const auto plain = make(small("ir_tiny")), checkpointed = make(small("ir_tiny"));
  checkpointed->checkpoint_blocks();
  expect_same(step(*plain, 4, "bf16"), step(*checkpointed, 4, "bf16"));
}

TEST(Recompute, LeavesFrozenBlocksWithoutGradient) {
  const auto backbone = make(small("ir_tiny"));
  backbone->checkpoint_blocks();
  for (auto& parameter : backbone->named_parameters()) {
    if (parameter.key().starts_with("input_layer") || parameter.key().starts_with("body.0")) {
      parameter.value().set_requires_grad(false);
    }
  }
  for (const auto& [name, tensor] : step(*backbone, 2).tensors) {
    if (name.starts_with("gradient of body.0")) {
      EXPECT_FALSE(tensor.defined()) << name;
    } else if (name.starts_with("gradient of body.1")) {
      EXPECT_TRUE(tensor.defined()) << name;
    }
  }
}

TEST(Recompute, KeepsTheRandomNumbersOfWhatFollows) {
  const auto plain = make(small("efficientnet_b0")), checkpointed = make(small("efficientnet_b0"));
  checkpointed->checkpoint_blocks();
  step(*plain, 2);
  const Tensor expected = torch::rand({4});
  step(*checkpointed, 2);
  EXPECT_TRUE(torch::equal(torch::rand({4}), expected));
}

TEST(Recompute, AccumulatesOverBatches) {
  const auto plain = make(small("ir_tiny")), checkpointed = make(small("ir_tiny"));
  checkpointed->checkpoint_blocks();
  for (Backbone* backbone : {plain.get(), checkpointed.get()}) {
    torch::manual_seed(7);
    backbone->train();
    for (int i = 0; i < 2; ++i) backbone->forward(torch::randn({2, 3, 32, 32})).square().sum().backward();
  }
  for (const auto& parameter : plain->named_parameters()) {
    const Tensor other = checkpointed->named_parameters()[parameter.key()];
    EXPECT_TRUE(torch::allclose(parameter.value().grad(), other.grad(), 1e-5, 1e-6)) << parameter.key();
  }
}

}  // namespace
}  // namespace facerec
