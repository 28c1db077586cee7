// Going on from the folder of a training with face.evoLVe.
#include <gmock/gmock.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class EvolveRun : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const Outcome trained = facerec({"train", small_config(folder_->path()), "--set", "train.max_steps=1", "--json"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    const fs::path run = *folder_ / "checkpoints/HRTRAIN_2020-06-01-10-00";
    fs::create_directories(run);
    const Outcome made = facerec({"export", trained.json().at("run"), run / "Backbone_Epoch_2_Batch_7.pth"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const fs::path golden = fs::path(FACEREC_SOURCE_DIR) / "tests" / "golden" / "evolve";
    for (const char* name : {"Head_Epoch_2_Batch_7.pth", "Optimizer_Epoch2_Batch7.pth"}) {
      fs::copy_file(golden / name, run / name);
    }
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string config() { return folder_->path() / "small.yaml"; }
  static std::string work() { return folder_->path(); }
  static inline TemporaryFolder* folder_ = nullptr;
};

TEST_F(EvolveRun, FinetuneTakesUpHeadAndOptimizer) {
  const Outcome outcome =
      facerec({"finetune", config(), "--from", work(), "--set", "train.max_steps=2", "--name", "tuned", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("head taken up from"));
  EXPECT_THAT(outcome.err, HasSubstr("optimizer state taken up from"));
  EXPECT_EQ(outcome.json().at("steps"), 2);
}

TEST_F(EvolveRun, FinetuneOnOtherIdentitiesStartsWithAHeadOfItsOwn) {
  const Outcome outcome = facerec({"finetune", config(), "--from", work(), "--data", small_faces() + "/eval", "--set",
                                   "train.max_steps=1", "--set", "validation.data=[]", "--name", "other"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the head does not fit"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("head taken up from")));
}

// Two epochs of 6 steps are done.
TEST_F(EvolveRun, ResumeGoesOnAfterItsEpochs) {
  const std::vector<std::string> arguments{"train", config(), "--name", "resumed", "--json", "--set"};
  auto with = [&](std::initializer_list<std::string> more) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), more);
    return facerec(all);
  };
  const Outcome first = with({"train.max_steps=13", "--resume", work()});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("continues at step 12"));
  EXPECT_EQ(first.json().at("steps"), 13);
  const Outcome again = with({"train.max_steps=14", "--resume", "auto"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.json().at("steps"), 14);
  EXPECT_EQ(again.json().at("run"), first.json().at("run"));
}

TEST_F(EvolveRun, ResumeRefusesWhatIsDoneOrAbsent) {
  const Outcome done = facerec({"train", config(), "--resume", work(), "--set", "train.epochs=2", "--name", "done"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("train.epochs"));
  const Outcome absent = facerec({"train", config(), "--resume", work() + "/absent"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_THAT(absent.err, HasSubstr("does not exist"));
}

}  // namespace
}  // namespace facerec::test
