#include <gtest/gtest.h>

#include "facerec/core/error.h"
#include "facerec/infer/engine.h"
#include "facerec/infer/evolve_run.h"
#include "support/reference.h"

namespace facerec {
namespace {

class FindModel : public testing::Test {
 protected:
  fs::path weights(const std::string& folder) {
    fs::create_directories(folder_ / folder);
    write_file(folder_ / folder / "backbone.safetensors", "x");
    return folder_ / folder / "backbone.safetensors";
  }
  test::TemporaryFolder folder_;
};

TEST_F(FindModel, ABestComesBeforeCheckpointsAndTheNewestOfThese) {
  weights("runs/a/checkpoints/step_00000010");
  const fs::path newest = weights("runs/a/checkpoints/step_00000020");
  EXPECT_EQ(find_model(folder_ / "runs/a"), newest);
  const fs::path best = weights("runs/a/best");
  EXPECT_EQ(find_model(folder_ / "runs/a"), best);
  EXPECT_EQ(find_model(folder_ / "runs/a/checkpoints/step_00000010").parent_path().filename(), "step_00000010");
  EXPECT_EQ(find_model(best), best);
}

TEST_F(FindModel, WithoutANameTheNewestRun) {
  const fs::path old = weights("runs/z/best"), young = weights("runs/a/best");
  fs::last_write_time(old, fs::last_write_time(young) - std::chrono::hours(1));
  EXPECT_EQ(find_model("", folder_ / "runs"), young);
}

TEST_F(FindModel, UnfinishedCheckpointsAreNotTaken) {
  weights("runs/a/checkpoints/.step_00000030.facerec-tmp-1-0");
  EXPECT_THROW(find_model(folder_ / "runs/a"), Error);
}

TEST_F(FindModel, NothingThereIsAnError) {
  EXPECT_THROW(find_model(folder_ / "absent"), Error);
  EXPECT_THROW(find_model(folder_.path()), Error);
  EXPECT_THROW(find_model("", folder_ / "runs"), Error);
}

// The layout of face.evoLVe's followers.
class EvolveFolder : public testing::Test {
 protected:
  fs::path touch(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    write_file(folder_ / name, "x");
    return folder_ / name;
  }
  test::TemporaryFolder folder_;
};

TEST_F(EvolveFolder, TheBestOfTheLastRunComesFirst) {
  const std::string run = "LRTRAIN_LRx4_2020-06-02-10-00";
  touch("checkpoints/" + run + "/Backbone_Epoch_1_Batch_100.pth");
  const fs::path last = touch("checkpoints/" + run + "/Backbone_Epoch_2_Batch_200.pth");
  const fs::path late = touch("checkpoints/" + run + "/Backbone_Epoch_10_Batch_1000.pth");
  fs::last_write_time(late, fs::last_write_time(last) - std::chrono::seconds(5));  // a copy
  EXPECT_EQ(find_model(folder_.path()), late);
  EXPECT_EQ(find_model(folder_ / "checkpoints" / run), late);
  touch("checkpoints_best/LRTRAIN_LRx4_2020-06-01-10-00/Backbone_Best.pth");
  const fs::path best = touch("checkpoints_best/" + run + "/Backbone_Best.pth");
  EXPECT_EQ(find_model(folder_.path()), best);
}

TEST_F(EvolveFolder, HeadAndOptimizerOfTheSameBatchBelongToABackbone) {
  const fs::path backbone = touch("r/Backbone_Epoch_2_Batch_200.pth");
  touch("r/Head_Epoch_1_Batch_100.pth");
  const fs::path head = touch("r/Head_Epoch_2_Batch_200.pth");
  const fs::path optimizer = touch("r/Optimizer_Epoch2_Batch200.pth");
  const auto found = evolve_checkpoint_of(backbone);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->head, head);
  EXPECT_EQ(found->optimizer, optimizer);
  EXPECT_EQ(found->epochs, 2);
}

TEST_F(EvolveFolder, KnowsThePublishedNamesAndTheBest) {
  const fs::path backbone = touch("a/Backbone_IR_50_Epoch_7_Batch_9100_Time_2019-07-13-02-59_checkpoint.pth");
  const fs::path head = touch("a/Head_ArcFace_Epoch_7_Batch_9100_Time_2019-07-13-02-59_checkpoint.pth");
  EXPECT_EQ(evolve_checkpoint_of(backbone)->head, head);
  EXPECT_EQ(evolve_checkpoint_of(backbone)->optimizer, "");
  const fs::path plain = touch("c/Backbone_3_90.pth");
  const fs::path plain_head = touch("c/Head_3_90.pth");
  EXPECT_EQ(evolve_checkpoint_of(plain)->head, plain_head);
  EXPECT_EQ(evolve_checkpoint_of(plain)->epochs, 3);
  const fs::path best = touch("b/Backbone_Best.pth");
  const fs::path best_head = touch("b/Head_Best.pth");
  EXPECT_EQ(evolve_checkpoint_of(best)->head, best_head);
  EXPECT_EQ(evolve_checkpoint_of(best)->epochs, std::nullopt);
  EXPECT_FALSE(evolve_checkpoint_of(folder_ / "model.pth"));
}

}  // namespace
}  // namespace facerec
