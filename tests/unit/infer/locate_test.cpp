#include <gtest/gtest.h>

#include "facerec/core/error.h"
#include "facerec/infer/engine.h"
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

}  // namespace
}  // namespace facerec
