// facerec align, as a user meets it.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class Align : public testing::Test {
 protected:
  void SetUp() override {
    if (test_data().empty()) GTEST_SKIP() << "set FACEREC_TEST_DATA to the folder that has reference/ and data/";
    weights_.variables["FACEREC_MODELS"] = test_data() / "data/weights";
  }

  std::vector<std::string> words(const std::string& in, const std::string& out,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"align", in, folder_ / out, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  Outcome align(const std::string& in, const std::string& out, const std::vector<std::string>& more = {}) const {
    return facerec(words(in, out, more), weights_);
  }

  const TemporaryFolder folder_;
  Environment weights_;
  const std::string faces_ = test_data() / "data/lfw_fold1_raw250", photos_ = test_data() / "data/photos";
};

std::map<std::string, std::string> crops_in(const fs::path& folder) {
  std::map<std::string, std::string> crops;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (has_image_extension(entry.path().filename())) {
      crops[entry.path().lexically_relative(folder)] = read_text(entry.path());
    }
  }
  return crops;
}

TEST_F(Align, PhotographsOfGroups) {
  const Outcome outcome = align(photos_, "out", {"--faces", "all", "--preview", folder_ / "sheet.png"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json counts = outcome.json().at("counts");
  EXPECT_EQ(counts.at("images"), 12);
  EXPECT_EQ(counts.at("aligned"), 12);
  EXPECT_GT(counts.at("crops"), 60);  // the names of the photographs tell 60 faces, and three more have several
  EXPECT_FALSE(outcome.json().contains("images"));
  EXPECT_EQ(crops_in(folder_ / "out").size(), counts.at("crops"));
  EXPECT_EQ(load_json(folder_ / "out/align.json").at("images").size(), 12U);
  EXPECT_GT(decode_image(read_file(folder_ / "sheet.png")).width, 1000);
}

// Recognition works on them: an aligned LFW is evaluated at once.
TEST_F(Align, ALfwThatIsAlignedIsEvaluated) {
  const std::string pairs = test_data() / "data/pairs_fold1.txt";
  const Outcome aligned = align(faces_, "lfw", {"--pairs", pairs, "--skip-missing", "--detector", "yunet"});
  ASSERT_EQ(aligned.exit_code, 0) << aligned.err;
  EXPECT_EQ(aligned.json().at("options").at("detector"), "yunet");
  const std::string model = test_data() / "data/weights/mobilefacenet_foamliu.pt";
  const Outcome evaluated = facerec({"eval", "--model", model, "--data", folder_ / "lfw", "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(evaluated.json().at("results").at(0).at("pairs"), 89);  // those whose images are here
  EXPECT_GT(evaluated.json().at("results").at(0).at("accuracy").at("mean"), 0.95);
}

TEST_F(Align, LandmarksThatComeWithADataSet) {
  fs::create_directory(folder_ / "in");
  for (const char* name : {"2008_002470.jpg", "2009_004587.jpg"}) {
    fs::copy(photos_ + "/dlib_" + name, folder_ / "in" / name);
  }
  const Outcome outcome =
      align(folder_ / "in", "out", {"--landmarks", photos_ + "/testing_with_face_landmarks.xml", "--size", "96x112"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto crops = crops_in(folder_ / "out");
  EXPECT_EQ(crops.size(), 2U);
  for (const auto& [name, bytes] : crops) {
    const ImageHeader crop = probe_image(std::as_bytes(std::span(bytes)));
    EXPECT_EQ(crop.width, 96) << name;
    EXPECT_EQ(crop.height, 112) << name;
  }
}

TEST_F(Align, ImagesWithoutACropAreListedAndTold) {
  fs::create_directory(folder_ / "in");
  fs::copy(photos_ + "/t1_6.jpg", folder_ / "in/a.jpg");
  write_file(folder_ / "in/text.jpg", "not an image");
  write_file(folder_ / "in/grey.png", encode_png(Image(200, 200)));
  const Outcome outcome = align(folder_ / "in", "out");
  EXPECT_EQ(outcome.exit_code, 3);
  const json list = load_json(folder_ / "out/align.json").at("without_crop");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list.at(0).at("status"), "no_face");
  EXPECT_EQ(list.at(1).at("status"), "failed");
  const Outcome strict = align(folder_ / "in", "strict", {"--strict"});
  EXPECT_EQ(strict.exit_code, 1);
  EXPECT_THAT(strict.err, HasSubstr("grey.png: no face found"));
  EXPECT_EQ(align(folder_ / "in", "kept", {"--keep-going"}).exit_code, 3);
}

TEST_F(Align, WhatIsWrongOnTheCommandLineIsSaid) {
  struct Case {
    std::vector<std::string> options;
    const char* told;
  };
  for (const Case& c : {Case{{"--size", "big"}, "--size big"},
                        {{"--size", "112x"}, "--size 112x"},
                        {{"--size", "4"}, "--size 4"},
                        {{"--shard", "2"}, "--shard 2"},
                        {{"--shard", "3/2"}, "--shard 3/2"},
                        {{"--detector", "retinafce"}, "retinafce"},
                        {{"--weights", "/dev/null"}, "name it"},
                        {{"--strict", "--keep-going"}, "excludes"},
                        {{"--to", "bin"}, "has no pairs"},
                        {{"--pairs", "p.txt", "--to", "list"}, "--pairs is for"},
                        {{"--detector", "each", "--to", "recordio"}, "writes folders"}}) {
    const Outcome outcome = align(faces_, "out", c.options);
    EXPECT_EQ(outcome.exit_code, 2) << c.told;
    EXPECT_THAT(outcome.err, HasSubstr(c.told));
    EXPECT_FALSE(fs::exists(folder_ / "out")) << c.told;
  }
}

TEST_F(Align, WithoutWeightsTheUserIsToldHowToGetThem) {
  Environment nowhere;
  nowhere.variables["FACEREC_MODELS"] = folder_ / "none";
  const Outcome outcome = facerec(words(faces_, "out", {"--detector", "retinaface"}), nowhere);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("facerec models download retinaface"));
}

TEST_F(Align, EveryDetectorAtHandIsCompared) {
  fs::create_directory(folder_ / "in");
  fs::copy(photos_ + "/multiface_6.jpg", folder_ / "in/a.jpg");
  const Outcome outcome = align(folder_ / "in", "out", {"--detector", "each"});
  std::vector<std::string> names;
  const json results = outcome.json();
  for (const json& result : results.at("detectors")) {
    names.push_back(result.at("detector"));
    EXPECT_EQ(crops_in(folder_ / "out" / names.back()).size(), 1U) << names.back();
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"retinaface", "mtcnn", "mtcnn_evolve", "yunet", "yunet_n"}));
}

TEST_F(Align, AFullDiskLeavesNoHalfCrop) {
  Environment full = weights_;
  full.file_size_limit = 8000;  // a crop has about 25,000 bytes
  const Outcome outcome = facerec(words(faces_, "out"), full);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be written"));
  EXPECT_TRUE(crops_in(folder_ / "out").empty());
}

TEST_F(Align, APreviewThatCannotBeWrittenIsToldBeforeTheWork) {
  const Outcome outcome = align(faces_, "out", {"--preview", folder_ / "absent/sheet.png"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("absent/sheet.png"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

class Interrupted : public Align {
 protected:
  // A list that names every photograph several times: some seconds of work.
  void SetUp() override {
    Align::SetUp();
    if (IsSkipped()) return;
    std::string list;
    for (int i = 0; i < 4; ++i) {
      for (const auto& entry : fs::recursive_directory_iterator(faces_)) {
        if (has_image_extension(entry.path().filename())) list += entry.path().string() + "\t1\n";
      }
    }
    write_file(list_, list);
  }

  // Sends the signal once there are some crops.
  Outcome interrupted(int signal) const {
    Process process(words(list_, "out", options_), weights_);
    for (int i = 0; i < 1000 && !fs::exists(folder_ / "out/1"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    process.send(signal);
    return process.wait();
  }

  std::vector<std::string> resume() const {
    std::vector<std::string> options = options_;
    options.push_back("--resume");
    return options;
  }

  const std::string list_ = folder_ / "list.txt";
  const std::vector<std::string> options_{"--detector", "yunet"};
};

TEST_F(Interrupted, BySigtermItSavesAndGoesOn) {
  const Outcome stopped = interrupted(SIGTERM);
  EXPECT_EQ(stopped.exit_code, 128 + SIGTERM);
  EXPECT_GT(stopped.json().at("images_done"), 0);
  EXPECT_LT(stopped.json().at("images_done"), 800);
  EXPECT_FALSE(fs::exists(folder_ / "out/align.json"));
  EXPECT_EQ(align(list_, "out", options_).exit_code, 2);
  const Outcome resumed = align(list_, "out", resume());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.json().at("counts").at("images"), 800);
  const Outcome again = align(list_, "out", resume());
  EXPECT_TRUE(again.json().at("already_there").get<bool>());
}

TEST_F(Interrupted, ByAKillItGoesOnToTheSameCrops) {
  EXPECT_EQ(interrupted(SIGKILL).exit_code, 128 + SIGKILL);
  ASSERT_EQ(align(list_, "out", resume()).exit_code, 0);
  ASSERT_EQ(align(list_, "whole", options_).exit_code, 0);
  EXPECT_EQ(crops_in(folder_ / "out"), crops_in(folder_ / "whole"));
  EXPECT_EQ(load_json(folder_ / "out/align.json").at("images"), load_json(folder_ / "whole/align.json").at("images"));
}

TEST_F(Interrupted, ASecondProcessKeepsOut) {
  Process first(words(list_, "out", options_), weights_);
  for (int i = 0; i < 1000 && !fs::exists(folder_ / "out/.align/job.json"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const Outcome second = align(list_, "out", resume());
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("another process works in it"));
  first.send(SIGTERM);
  EXPECT_EQ(first.wait().exit_code, 128 + SIGTERM);
}

}  // namespace
}  // namespace facerec::test
