// `facerec train` with a configuration of arcface-tf2.
#include <gmock/gmock.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// The keys of BITSdrive's fine-tuning, in its order, with the data of this test.
std::string configuration(const std::string& more = "") {
  return "# general\nbatch_size: 4\ninput_size: 112\nembd_shape: 512\nsub_name: 'arc_res50'\n"
         "backbone_type: 'ResNet50' # 'ResNet50', 'MobileNetV2'\nhead_type: ArcHead # 'ArcHead', 'NormHead'\n"
         "is_ccrop: False # central-cropping or not\n\ntrain_dataset: '" +
         small_faces() +
         "/train'\nbinary_img: True\nnum_classes: 1300\nnum_samples: 96\nepochs: 2000\nbase_lr: 0.001\n"
         "w_decay: !!float 5e-4\nsave_steps: 500\n\ntest_dataset: '/your/path/to/test_dataset'\n" +
         more;
}

class ArcfaceTf2 : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    write_file(folder_ / "theirs.yaml", text);
    return folder_ / "theirs.yaml";
  }
  TemporaryFolder folder_;
};

TEST_F(ArcfaceTf2, IsTranslated) {
  const Outcome outcome = facerec({"train", write(configuration()), "--print-config", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto config = outcome.json();
  EXPECT_EQ(config.at("run").at("name"), "arc_res50");
  EXPECT_EQ(config.at("model").at("name"), "resnet50_tf2");
  EXPECT_EQ(config.at("model").at("input"), nlohmann::json({112, 112}));
  EXPECT_EQ(config.at("model").at("dropout"), 0.5);
  EXPECT_EQ(config.at("head").at("name"), "arcface");
  EXPECT_EQ(config.at("data").at("train").at(0).at("path"), small_faces() + "/train");
  EXPECT_EQ(config.at("data").at("augment").at("crop").at("resize"), 128);
  EXPECT_EQ(config.at("train").at("batch_size"), 4);
  EXPECT_EQ(config.at("train").at("epochs"), 2000);
  EXPECT_EQ(config.at("optimizer").at("lr"), 0.001);
  EXPECT_EQ(config.at("optimizer").at("weight_decay"), 5e-4);
  EXPECT_EQ(config.at("optimizer").at("nesterov"), true);
  EXPECT_EQ(config.at("schedule").at("name"), "constant");
  EXPECT_EQ(config.at("checkpoint").at("every_steps"), 500);
  EXPECT_EQ(config.at("validation").at("data").size(), 0U) << "its test_dataset is no folder";
}

// The printed configuration says what became of each key, and is one of our own.
TEST_F(ArcfaceTf2, IsPrintedWithTheTranslationOfEachKey) {
  const Outcome printed = facerec({"train", write(configuration()), "--print-config"});
  for (const char* key :
       {"batch_size", "input_size", "embd_shape", "sub_name", "backbone_type", "head_type", "is_ccrop", "train_dataset",
        "binary_img", "num_classes", "num_samples", "epochs", "base_lr", "w_decay", "save_steps", "test_dataset"}) {
    EXPECT_THAT(printed.out, HasSubstr(std::string("# ") + key + ": "));
  }
  EXPECT_THAT(printed.out, HasSubstr("# base_lr: 0.001 → optimizer.lr\n"));
  const Outcome again = facerec({"train", write(printed.out), "--print-config", "--json"});
  EXPECT_EQ(again.out, facerec({"train", write(configuration()), "--print-config", "--json"}).out);
}

TEST_F(ArcfaceTf2, FlagsAndSetOverruleIt) {
  const Outcome outcome = facerec({"train", write(configuration()), "--set", "optimizer.lr=0.5", "--name", "mine",
                                   "--data", "other.tfrecord", "--print-config", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("optimizer").at("lr"), 0.5);
  EXPECT_EQ(outcome.json().at("run").at("name"), "mine");
  EXPECT_EQ(outcome.json().at("data").at("train").at(0).at("path"), "other.tfrecord");
}

TEST_F(ArcfaceTf2, ItsTestSetsAreValidatedOn) {
  const fs::path tests = folder_ / "tests: all";
  fs::create_directory(tests);
  std::string text = configuration();
  text.replace(text.find("/your/path/to/test_dataset"), 26, tests.string());
  const Outcome outcome = facerec({"train", write(text), "--print-config", "--json"});
  EXPECT_EQ(outcome.json().at("validation").at("data").at(0).at("path"), tests.string());
}

TEST_F(ArcfaceTf2, WhatCannotBeTranslatedIsAnErrorWithItsLine) {
  const Outcome unknown = facerec({"train", write(configuration("bas_lr: 0.1\n")), "--print-config"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("theirs.yaml: line 20: unknown key 'bas_lr'"));
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'base_lr'?"));
  std::string text = configuration();
  text.replace(text.find("'ResNet50'"), 10, "MobileNetV2");
  const Outcome mobile = facerec({"train", write(text), "--print-config"});
  EXPECT_EQ(mobile.exit_code, 2);
  EXPECT_THAT(mobile.err, HasSubstr("line 6: there is no MobileNetV2"));
  text = configuration();
  text.replace(text.find("batch_size: 4"), 13, "batch_size: 0");
  const Outcome range = facerec({"train", write(text), "--print-config"});
  EXPECT_EQ(range.exit_code, 2);
  EXPECT_THAT(range.err, HasSubstr("line 2: 'train.batch_size' is out of range"));
}

// A section of ours makes it a configuration of ours, with keys that are unknown here.
TEST_F(ArcfaceTf2, IsNotMixedWithOurs) {
  const Outcome mixed = facerec({"train", write(configuration("run: {seed: 3}\n")), "--print-config"});
  EXPECT_EQ(mixed.exit_code, 2);
  EXPECT_THAT(mixed.err, HasSubstr("unknown key 'batch_size'"));
}

// The counts are those of the data; a difference is told, and the log names the translation.
TEST_F(ArcfaceTf2, TrainsOnWhatTheDataHold) {
  const Outcome outcome = facerec(
      {"train", write(configuration()), "--set", "model={name: ir_tiny, embedding_size: 16, input: [32, 32]}", "--set",
       "train.max_steps=1", "--set", "run.dir=" + (folder_ / "runs").string(), "--device", "cpu", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("base_lr: 0.001 → optimizer.lr"));
  EXPECT_THAT(outcome.err, HasSubstr("num_classes: 1300 in the configuration, 12 in the data"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("num_samples: 96 in the configuration")));
  const fs::path run = outcome.json().at("run").get<std::string>();
  EXPECT_THAT(read_text(run / "train.log"), HasSubstr("base_lr: 0.001 → optimizer.lr"));
}

}  // namespace
}  // namespace facerec::test
