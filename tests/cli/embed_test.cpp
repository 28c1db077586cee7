// facerec embed, as a user meets it.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"
#include "io/npy.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Embed : public testing::Test {
 protected:
  void SetUp() override {
    if (test_data().empty()) GTEST_SKIP() << "set FACEREC_TEST_DATA to the folder that has reference/ and data/";
    environment_.variables = {{"FACEREC_MODELS", test_data() / "data/weights"}, {"OMP_WAIT_POLICY", "passive"}};
  }

  std::vector<std::string> words(const std::string& in, const std::string& out,
                                 const std::vector<std::string>& more = {}) const {
    const std::string model = test_data() / "data/weights/mobilefacenet_foamliu.pt";
    std::vector<std::string> words{"embed",       "--model", model,          in, "--out",
                                   folder_ / out, "--json",  "--batch-size", "8"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  Outcome embed(const std::string& in, const std::string& out, const std::vector<std::string>& more = {}) const {
    return facerec(words(in, out, more), environment_);
  }

  // The files of an output that begin with `name`.
  std::map<std::string, std::string> files(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      const std::string file = entry.path().filename();
      const bool is_summary = file.ends_with(".npy.json");  // names the output
      if (file.starts_with(name) && entry.is_regular_file() && !is_summary) {
        files[file.substr(name.size())] = read_text(entry.path());
      }
    }
    return files;
  }

  const TemporaryFolder folder_;
  Environment environment_;
  const std::string crops_ = test_data() / "data/lfw_fold1_aligned", some_ = crops_ + "/[AB]*",
                    photos_ = test_data() / "data/photos";
};

TEST_F(Embed, WritesWhatItTells) {
  const Outcome outcome = embed(some_, "e.npy");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json told = outcome.json();
  const std::vector<std::byte> bytes = read_file(folder_ / "e.npy");
  EXPECT_EQ(parse_npy(bytes).shape, (std::vector<int64_t>{told.at("rows"), 128}));
  EXPECT_EQ(told.at("dimension"), 128);
  EXPECT_EQ(told.at("skipped"), 0);
  EXPECT_GT(told.at("images_per_second"), 0);
  EXPECT_NE(told.at("engine"), nullptr);
  EXPECT_EQ(told.at("files").size(), 4U);
  for (const json& file : told.at("files")) EXPECT_TRUE(fs::exists(file.get<std::string>())) << file;
  EXPECT_EQ(embed(some_, "e.npy").exit_code, 2);
  const Outcome again = embed(some_, "e.npy", {"--resume"});
  EXPECT_TRUE(again.json().at("already_there").get<bool>()) << again.err;
}

// In small batches the choice of a precision falls otherwise than in large ones; a file is of one precision.
TEST_F(Embed, WhatIsAppendedIsOfThePrecisionThatIsThere) {
  const auto in_batches_of_32 = [&](const std::string& in, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = words(in, "e.npy", more);
    std::replace(arguments.begin(), arguments.end(), std::string("8"), std::string("32"));
    return facerec(arguments, environment_);
  };
  ASSERT_EQ(in_batches_of_32(some_, {}).exit_code, 0);
  const Outcome more = in_batches_of_32(crops_ + "/Carla_Myers", {"--append"});
  EXPECT_EQ(more.exit_code, 0) << more.err;
}

// Else a small shard would keep to fp32 where a large one goes over to bf16.
TEST_F(Embed, ShardsAreOfOnePrecision) {
  std::vector<std::string> arguments = words(some_, "e.npy", {"--shard", "1/2"});
  std::replace(arguments.begin(), arguments.end(), std::string("8"), std::string("16"));
  const Outcome outcome = facerec(arguments, environment_);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("precision"), "fp32");
}

TEST_F(Embed, AfterAKillItGoesOnToTheSameBytes) {
  ASSERT_EQ(embed(some_, "whole.npy").exit_code, 0);
  const auto whole = files("whole");
  for (const int milliseconds : {0, 100, 300}) {
    Process process(words(some_, "e.npy", {"--resume"}), environment_);
    for (int i = 0; i < 3000 && !fs::exists(folder_ / "e.npy.embed/state.json"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    process.send(SIGKILL);
    process.wait();
  }
  const Outcome resumed = embed(some_, "e.npy", {"--resume"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(files("e"), whole);
  EXPECT_FALSE(fs::exists(folder_ / "e.npy.embed"));
}

TEST_F(Embed, BySigtermItSavesAndGoesOn) {
  Process process(words(crops_, "e.npy"), environment_);
  for (int i = 0; i < 3000 && !fs::exists(folder_ / "e.npy.embed/state.json"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process.send(SIGTERM);
  const Outcome stopped = process.wait();
  EXPECT_EQ(stopped.exit_code, 128 + SIGTERM) << stopped.err;
  EXPECT_FALSE(fs::exists(folder_ / "e.npy"));
  EXPECT_EQ(embed(crops_, "e.npy").exit_code, 2);
  const Outcome resumed = embed(crops_, "e.npy", {"--resume"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.json().at("rows"), resumed.json().at("images"));
}

TEST_F(Embed, AFullDiskLosesNothing) {
  ASSERT_EQ(embed(some_, "whole.npy").exit_code, 0);
  Environment full = environment_;
  full.file_size_limit = 8000;  // 15 rows
  const Outcome outcome = facerec(words(some_, "e.npy"), full);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be written"));
  EXPECT_FALSE(fs::exists(folder_ / "e.npy"));
  ASSERT_EQ(embed(some_, "e.npy", {"--resume"}).exit_code, 0);
  EXPECT_EQ(files("e"), files("whole"));
}

TEST_F(Embed, PathsOnStandardInput) {
  std::string list;
  for (const auto& entry : fs::directory_iterator(crops_ + "/Abel_Pacheco")) {
    list += entry.path().string() + std::string(1, '\0');
  }
  write_file(folder_ / "list", list + (folder_ / "absent.jpg").string());
  environment_.standard_input = folder_ / "list";
  const Outcome outcome = embed("-", "e.jsonl");
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(outcome.json().at("skipped"), 1);
  EXPECT_THAT(read_text(folder_ / "e.jsonl.skipped.jsonl"), HasSubstr("absent.jpg"));
}

TEST_F(Embed, FacesOfPhotographs) {
  fs::create_directory(folder_ / "in");
  for (const char* name : {"t1_6.jpg", "multiface_6.jpg"}) fs::copy(photos_ + "/" + name, folder_ / "in" / name);
  write_file(folder_ / "in/grey.png", encode_png(Image(300, 200)));
  const Outcome outcome = embed(folder_ / "in", "e.npy", {"--align", "yunet"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(outcome.json().at("rows"), 2);
  EXPECT_THAT(read_text(folder_ / "e.npy.skipped.jsonl"), HasSubstr("no face found"));
  const Outcome centre = embed(folder_ / "in", "all.npy", {"--align", "yunet", "--fallback", "center"});
  EXPECT_EQ(centre.exit_code, 0) << centre.err;
  EXPECT_EQ(centre.json().at("rows"), 3);
}

TEST_F(Embed, WhatIsWrongOnTheCommandLineIsSaid) {
  fs::create_directory(folder_ / "folder.npy");
  struct Case {
    std::string in, out;
    std::vector<std::string> options;
    const char* told;
  };
  for (const Case& c : {Case{crops_ + "/nobody", "e.npy", {}, "nobody: does not exist"},
                        {crops_ + "/*.tif", "e.npy", {}, "*.tif: matches nothing"},
                        {crops_, "e.parquet", {}, ".npy, .safetensors, .csv or .jsonl"},
                        {crops_, "e.npy", {"--shard", "3/2"}, "--shard 3/2"},
                        {crops_, "e.npy", {"--append", "--force"}, "excludes"},
                        {crops_, "e.npy", {"--resume", "--force"}, "excludes"},
                        {crops_, "e.npy", {"--fallback", "center"}, "--align"},
                        {crops_, "folder.npy", {"--force"}, "is a folder"}}) {
    const Outcome outcome = embed(c.in, c.out, c.options);
    EXPECT_EQ(outcome.exit_code, 2) << c.told;
    EXPECT_THAT(outcome.err, HasSubstr(c.told));
  }
  fs::remove(folder_ / "folder.npy");
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

}  // namespace
}  // namespace facerec::test
