#include <gmock/gmock.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/images.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

class TrainBadInput : public testing::Test {
 protected:
  Outcome train(const std::vector<std::string>& more, const Environment& environment = {}) {
    std::vector<std::string> arguments{"train", small_config(folder_.path()), "--set", "train.max_steps=2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return facerec(arguments, environment);
  }

  void expect_no_run() const { EXPECT_TRUE(!fs::exists(folder_ / "runs") || fs::is_empty(folder_ / "runs")); }

  TemporaryFolder folder_;
};

TEST_F(TrainBadInput, AbsentData) {
  const Outcome outcome = train({"--data", folder_ / "absent"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr("absent: 'data.train.0.path': does not exist (--data " + (folder_ / "absent").string() + ")"));
  expect_no_run();
}

TEST_F(TrainBadInput, WhatAKeyNamesIsToldWithItsPlace) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"model.name=ir_tini", "--set model.name=ir_tini: 'model.name': unknown backbone"},
      {"model.preprocess=bgrr", "--set model.preprocess=bgrr: 'model.preprocess': unknown preprocessing"},
      {"head.name=arcfase", "--set head.name=arcfase: 'head.name': unknown head"},
      {"run.device=gpu", "--set run.device=gpu: 'run.device': 'gpu' is not a device"},
      {"validation.data=[{path: /none}]", "'validation.data.0.path': does not exist (--set validation.data="}};
  for (const auto& [assignment, message] : cases) {
    const Outcome outcome = train({"--set", assignment});
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    expect_no_run();
  }
  const fs::path config = small_config(folder_.path());
  std::string text = read_text(config);
  text.replace(text.find("ir_tiny"), 7, "ir_tini");
  write_file(config, text);
  EXPECT_THAT(facerec({"train", config}).err, HasSubstr("small.yaml: line 2: 'model.name': unknown backbone"));
}

TEST_F(TrainBadInput, EmptyData) {
  fs::create_directory(folder_ / "empty");
  const Outcome outcome = train({"--data", folder_ / "empty"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("holds no identity"));
  expect_no_run();
}

TEST_F(TrainBadInput, OneIdentity) {
  write_png(folder_ / "one/a/1.png", flat_image(32, 1, 2, 3));
  const Outcome outcome = train({"--data", folder_ / "one"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("at least 2 are needed"));
}

TEST_F(TrainBadInput, FewerImagesThanABatch) {
  const Outcome outcome = train({"--set", "train.batch_size=1000"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("lower train.batch_size"));
}

TEST_F(TrainBadInput, BrokenImagesAreSkippedCountedAndNamed) {
  fs::copy(fs::path(small_faces()) / "train", folder_ / "data", fs::copy_options::recursive);
  const fs::path person = folder_ / "data/id00001";
  write_file(person / "text.jpg", "not an image");
  write_file(person / "empty.jpg", "");
  const Outcome outcome =
      train({"--data", folder_ / "data", "--set", "train.max_steps=0", "--set", "train.epochs=1", "--json"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(outcome.json().at("bad_images"), 2);
  const std::string list = read_text(fs::path(outcome.json().at("run").get<std::string>()) / "bad_inputs.txt");
  EXPECT_THAT(list, HasSubstr("text.jpg\tnot a JPEG"));
  EXPECT_THAT(list, HasSubstr("empty.jpg\tthe file is empty"));
  EXPECT_EQ(train({"--data", folder_ / "data", "--set", "train.max_steps=0", "--set", "train.epochs=1", "--strict"})
                .exit_code,
            1);
}

TEST_F(TrainBadInput, NothingReadable) {
  for (const char* name : {"a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"}) {
    fs::create_directories((folder_ / "text" / name).parent_path());
    write_file(folder_ / "text" / name, "not an image");
  }
  const Outcome outcome = train({"--data", folder_ / "text", "--set", "train.batch_size=2"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("a hundred images in a row cannot be read"));
  expect_no_run();
}

TEST_F(TrainBadInput, PairsThatNameAbsentFiles) {
  write_file(folder_ / "pairs.txt", "1\t1\nid9\t1\t2\nid9\t1\tid8\t1\n");
  const Outcome outcome = train({"--set", "validation.data.0.pairs=" + (folder_ / "pairs.txt").string()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("named in line 2"));
  expect_no_run();
}

TEST_F(TrainBadInput, BadConfigurations) {
  for (const auto& [setting, message] :
       {std::pair("train.batch_size=many", "must be a whole number"),
        std::pair("train.batch_sise=3", "did you mean 'train.batch_size'?"),
        std::pair("optimizer.lr=-1", "out of range"), std::pair("model.name=ir_5000", "known"),
        std::pair("head.name=arcfaze", "arcface"), std::pair("train.freeze=[nose]", "no part 'nose'"),
        std::pair("run.device=tpu", "not a device"), std::pair("model.max_parameters=1000", "parameters")}) {
    const Outcome outcome = train({"--set", setting});
    EXPECT_EQ(outcome.exit_code, 2) << setting << "\n" << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << setting;
    expect_no_run();
  }
}

TEST_F(TrainBadInput, AFullDiskLeavesNoHalfCheckpoint) {
  const Outcome outcome = train({}, {{}, 400'000});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("cannot be written"));
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "runs")) {
    EXPECT_FALSE(entry.path().extension() == ".safetensors") << entry.path();
    EXPECT_THAT(entry.path().string(), testing::Not(HasSubstr("facerec-tmp"))) << entry.path();
  }
}

TEST_F(TrainBadInput, ALossThatIsNotFiniteStopsWithTheBatchNamed) {
  const Outcome outcome =
      train({"--set", "train.max_steps=0", "--set", "optimizer.lr=1e30", "--set", "schedule.warmup=0", "--set",
             "train.max_nonfinite=3", "--set", "validation.every_steps=1000", "--set", "checkpoint.every_steps=1000"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("not finite in 3 steps in a row; the batch of step"));
  EXPECT_THAT(outcome.err, HasSubstr("nonfinite_batch.txt"));
}

TEST_F(TrainBadInput, ACheckpointOfAnotherArchitecture) {
  const Outcome base = train({"--json"});
  ASSERT_EQ(base.exit_code, 0) << base.err;
  const std::string run = base.json().at("run");
  const Outcome outcome = train({"--set", "init_from=" + run, "--set", "model.name=mobilefacenet"});
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("holds the architecture 'ir_tiny'"));
}

TEST_F(TrainBadInput, CudaWithoutAGpuSaysWhatToDo) {
  if (fs::exists("/dev/nvidia0")) GTEST_SKIP() << "this machine has a GPU";
  const Outcome outcome = train({"--device", "cuda"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("--device cpu"));
}

}  // namespace
}  // namespace facerec::test
