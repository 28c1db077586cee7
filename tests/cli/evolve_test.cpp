// Going on from the folder of a training with face.evoLVe.
#include <gmock/gmock.h>

#include <cstring>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/io/safetensors.h"
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

// ---- export --layout face.evolve

class EvolveExport : public testing::Test {
 protected:
  // The run of a training with these values.
  fs::path train(std::vector<std::string> values, const std::vector<std::string>& more = {}) {
    values.insert(values.end(), {"model.dropout=0", "schedule.name=constant", "validation.data=[]"});
    std::vector<std::string> arguments{"train", small_config(folder_.path()), "--json"};
    for (const std::string& value : values) arguments.insert(arguments.end(), {"--set", value});
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = facerec(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json().at("run").get<std::string>();
  }
  std::string out() const { return folder_ / "out"; }

  TemporaryFolder folder_;
};

void expect_equal_files(const fs::path& a, const fs::path& b) {
  const SafetensorsFile x(a), y(b);
  ASSERT_EQ(x.tensors().size(), y.tensors().size());
  for (const auto& [name, view] : x.tensors()) {
    const std::span<const std::byte> other = y.at(name).bytes;
    ASSERT_EQ(view.bytes.size(), other.size()) << name;
    ASSERT_EQ(std::memcmp(view.bytes.data(), other.data(), other.size()), 0) << name;
  }
}

// Backbone, head and momentum come back as they were: one epoch, exported, and another one end in the bits of two.
TEST_F(EvolveExport, IsGoneOnFromToTheSameBits) {
  const fs::path whole = train({"train.max_steps=12"}, {"--name", "whole"});
  const fs::path half = train({"train.max_steps=6"}, {"--name", "half"});
  const Outcome exported = facerec({"export", half, out(), "--layout", "face.evolve", "--json"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_EQ(exported.json().at("backbone"), out() + "/Backbone_Epoch_1_Batch_6.pth");
  EXPECT_EQ(exported.json().at("head"), out() + "/Head_Epoch_1_Batch_6.pth");
  EXPECT_EQ(exported.json().at("optimizer"), out() + "/Optimizer_Epoch1_Batch6.pth");
  const fs::path rest = train({"train.max_steps=12"}, {"--name", "rest", "--resume", out()});
  for (const char* file :
       {"backbone.safetensors", "head-00000-of-00001.safetensors", "optimizer-00000-of-00001.safetensors"}) {
    expect_equal_files(whole / "checkpoints/step_00000012" / file, rest / "checkpoints/step_00000012" / file);
  }
}

TEST_F(EvolveExport, LeavesAnOptimizerAwayThatIsNotSgd) {
  const fs::path run = train({"train.max_steps=1", "optimizer.name=adam", "optimizer.lr=0.001"});
  const Outcome outcome = facerec({"export", run, out(), "--layout", "face.evolve", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.json().at("optimizer").is_null());
  EXPECT_THAT(outcome.err, HasSubstr("the optimizer is adam"));
  EXPECT_FALSE(fs::exists(out() + "/Optimizer_Epoch0_Batch1.pth"));
  EXPECT_TRUE(fs::exists(out() + "/Head_Epoch_0_Batch_1.pth"));
}

TEST_F(EvolveExport, OverwritesNothingByAccidentAndNeedsAHead) {
  const fs::path run = train({"train.max_steps=1"});
  const std::vector<std::string> arguments{"export", run, out(), "--layout", "face.evolve"};
  ASSERT_EQ(facerec(arguments).exit_code, 0);
  const Outcome again = facerec(arguments);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("Backbone_Epoch_0_Batch_1.pth: exists already"));
  std::vector<std::string> forced = arguments;
  forced.emplace_back("--force");
  EXPECT_EQ(facerec(forced).exit_code, 0);
  const std::string backbone = out() + "/Backbone_Epoch_0_Batch_1.pth";
  const Outcome headless = facerec({"export", backbone, folder_ / "other", "--layout", "face.evolve"});
  EXPECT_EQ(headless.exit_code, 2);
  EXPECT_THAT(headless.err, HasSubstr("no checkpoint of a training with a head"));
  EXPECT_FALSE(fs::exists(folder_ / "other"));
}

}  // namespace
}  // namespace facerec::test
