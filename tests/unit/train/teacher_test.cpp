#include "train/teacher.h"

#include <gmock/gmock.h>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/model/device.h"
#include "facerec/model/weights.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using torch::Tensor;

constexpr int64_t classes = 5, embedding_size = 16;

// A teacher of 48×48 pixels in BGR, in a checkpoint of its run.
class Distillation : public testing::Test {
 protected:
  Distillation() {
    torch::manual_seed(4);
    TrainConfig run;
    run.model = {"ir_tiny", embedding_size, {48, 48}, "bgr", 0.4, 0};
    run.head.name = "cosface";
    run.head.scale = 16;
    backbone_ = make_backbone(run.model);
    backbone_->eval();
    head_ = make_head(run.head, classes, embedding_size);
    save_backbone(file_, *backbone_);
    save_tensors(folder_ / "head-00000-of-00001.safetensors", state_dict(*head_));
    const nlohmann::ordered_json state{{"step", 1},           {"best", nullptr},
                                       {"skipped_steps", 0},  {"nonfinite_in_a_row", 0},
                                       {"precision", "fp32"}, {"memory_format", "channels_first"},
                                       {"classes", classes},  {"config", config_json(run)}};
    write_file(folder_ / "state.json", state.dump());
  }

  Teacher open(double embedding_weight, double logit_weight, int64_t size = embedding_size,
               int64_t identities = classes) const {
    const DistillConfig config{file_.string(), embedding_weight, logit_weight, 4.0};
    return Teacher(config, size, identities, torch::kCPU, torch::MemoryFormat::Contiguous);
  }

  Error error_of(double embedding_weight, double logit_weight, int64_t size, int64_t identities) const {
    try {
      open(embedding_weight, logit_weight, size, identities);
    } catch (const Error& error) {
      return error;
    }
    return Error("nothing was thrown");
  }

  Tensor embed(const Tensor& pixels) const {
    const torch::NoGradGuard without_gradient;
    return backbone_->forward(normalise(pixels, backbone_->spec().preprocess, torch::MemoryFormat::Contiguous));
  }

  const test::TemporaryFolder folder_;
  const fs::path file_ = folder_ / "backbone.safetensors";
  std::shared_ptr<Backbone> backbone_;
  std::shared_ptr<Head> head_;
};

Tensor images(int64_t side) { return torch::randint(0, 256, {4, side, side, 3}, torch::kUInt8); }

double value_of(const LossTerm& term) { return term.value.item<double>(); }

TEST_F(Distillation, ItsOwnAnswersCostNothing) {
  const Tensor pixels = images(48);
  const Tensor embeddings = embed(pixels).requires_grad_();
  const Tensor logits = head_->logits(embeddings, torch::full({4}, -1, torch::kInt64));
  const auto terms = open(1, 1).losses(pixels, embeddings, logits);
  ASSERT_EQ(terms.size(), 2);
  EXPECT_EQ(terms[0].name, "embedding_distillation");
  EXPECT_EQ(terms[1].name, "logit_distillation");
  for (const LossTerm& term : terms) {
    EXPECT_NEAR(value_of(term), 0, 1e-5) << term.name;
    EXPECT_TRUE(term.value.requires_grad()) << term.name;
  }
}

TEST_F(Distillation, WeightsApplyAndZeroLeavesATermOut) {
  const Tensor pixels = images(48), embeddings = torch::randn({4, embedding_size}), logits = torch::randn({4, classes});
  const auto once = open(1, 1).losses(pixels, embeddings, logits),
             twice = open(2, 3).losses(pixels, embeddings, logits);
  EXPECT_GT(value_of(once[0]), 0);
  EXPECT_NEAR(value_of(twice[0]), 2 * value_of(once[0]), 1e-5);
  EXPECT_NEAR(value_of(twice[1]), 3 * value_of(once[1]), 1e-4);
  const auto embedding_alone = open(1, 0).losses(pixels, embeddings, {});
  ASSERT_EQ(embedding_alone.size(), 1);
  EXPECT_EQ(embedding_alone[0].name, "embedding_distillation");
}

// The student sees 24×24 pixels: enlarged, the image of one colour is that of the teacher's size.
TEST_F(Distillation, TheTeacherSeesImagesOfItsOwnSize) {
  const Tensor small = torch::full({1, 24, 24, 3}, 90, torch::kUInt8),
               large = torch::full({1, 48, 48, 3}, 90, torch::kUInt8);
  EXPECT_NEAR(value_of(open(1, 0).losses(small, embed(large), {})[0]), 0, 1e-6);
  EXPECT_NO_THROW(open(1, 0).losses(images(64), torch::randn({4, embedding_size}), {}));
}

TEST_F(Distillation, WhatDoesNotFitIsSaid) {
  const Error size = error_of(1, 0, 32, classes);
  EXPECT_EQ(size.kind(), Error::Kind::usage);
  EXPECT_EQ(size.key(), "distill.teacher");
  EXPECT_EQ(size.message(), "the teacher's embeddings have 16 numbers, the model's 32");
  EXPECT_EQ(error_of(0, 1, 32, classes).message(), "nothing was thrown") << "logits alone";

  const Error identities = error_of(1, 1, embedding_size, 7);
  EXPECT_EQ(identities.key(), "distill.teacher");
  EXPECT_EQ(identities.message(), "the teacher was trained on 5 identities, the data has 7");

  fs::remove(folder_ / "head-00000-of-00001.safetensors");
  EXPECT_THAT(error_of(1, 1, embedding_size, classes).message(), HasSubstr("has no head"));
  EXPECT_EQ(error_of(1, 0, embedding_size, 7).message(), "nothing was thrown") << "embeddings alone";
}

}  // namespace
}  // namespace facerec
