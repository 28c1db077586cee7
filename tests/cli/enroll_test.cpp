// facerec enroll, as a user meets it.
#include <gmock/gmock.h>
#include <signal.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Enroll : public testing::Test {
 protected:
  void SetUp() override {
    if (test_data().empty()) GTEST_SKIP() << "set FACEREC_TEST_DATA to the folder that has reference/ and data/";
    environment_.variables["FACEREC_MODELS"] = test_data() / "data/weights";
    environment_.variables["OMP_WAIT_POLICY"] = "passive";
  }

  // A folder with a folder for each of the first people of the aligned LFW.
  fs::path people(int count) const {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(crops_)) {
      if (entry.is_directory()) folders.push_back(entry.path());
    }
    std::sort(folders.begin(), folders.end());
    fs::create_directories(folder_ / "in");
    for (int i = 0; i < count; ++i) {
      fs::copy(folders.at(static_cast<size_t>(i)), folder_ / "in" / folders[static_cast<size_t>(i)].filename(),
               fs::copy_options::recursive | fs::copy_options::skip_existing);
    }
    return folder_ / "in";
  }

  std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"enroll", "--gallery", gallery_, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Outcome call(const std::vector<std::string>& more) const { return facerec(words(more), environment_); }
  Outcome enroll(std::vector<std::string> more) const {
    more.insert(more.end(), {"--model", model_});
    return call(more);
  }

  // Names, sources and embeddings, whatever their numbers.
  std::vector<std::string> content() const {
    const fs::path out = folder_ / "content.json";
    EXPECT_EQ(call({"--export", out, "--force"}).exit_code, 0);
    std::vector<std::string> all;
    const json exported = load_json(out);
    for (const json& image : exported.at("images")) {
      all.push_back(image.at("name").get<std::string>() + image.at("sha256").get<std::string>());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  const TemporaryFolder folder_;
  Environment environment_;
  const std::string gallery_ = folder_ / "g";
  const std::string model_ = test_data() / "data/weights/mobilefacenet_foamliu.pt";
  const fs::path crops_ = test_data() / "data/lfw_fold1_aligned";
  const std::string photos_ = test_data() / "data/photos";
};

TEST_F(Enroll, AFolderForEachPerson) {
  const std::string in = people(4);
  const Outcome outcome = enroll({in});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json first = outcome.json();
  EXPECT_EQ(first.at("people"), 4);
  EXPECT_GE(first.at("enrolled"), 4);
  EXPECT_EQ(first.at("left_out").size(), 0U);
  // Again, with the model that the gallery remembers: nothing changes.
  const Outcome again = call({in});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.json().at("enrolled"), 0);
  EXPECT_EQ(again.json().at("already_enrolled"), first.at("enrolled"));
  EXPECT_EQ(again.json().at("generation"), first.at("generation"));
  const json info = facerec({"info", gallery_, "--json"}).json();
  EXPECT_EQ(info.at("kind"), "gallery");
  EXPECT_EQ(info.at("people"), 4);
}

TEST_F(Enroll, PicturesThatCannotServeAreToldAndLeftOut) {
  const fs::path in = people(1);
  const std::string name = fs::directory_iterator(in)->path().filename();
  write_file(in / name / "text.jpg", "not an image");
  write_file(in / name / "grey.png", encode_png(Image(200, 200)));
  fs::copy(photos_ + "/multiface_6.jpg", in / name / "many.jpg");
  fs::copy(fs::directory_iterator(in / name)->path(), in / "nobody.jpg");
  fs::create_directories(in / "Another");
  fs::copy(crops_ / name / (name + "_0001.jpg"), in / "Another/copy.jpg");
  const Outcome outcome = enroll({in});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  std::string reasons;
  const json told = outcome.json();
  for (const json& each : told.at("left_out")) reasons += each.at("reason").get<std::string>() + "\n";
  for (const char* reason : {"no face", "faces; --faces largest", "the same image is enrolled for", "--name does"}) {
    EXPECT_THAT(reasons, HasSubstr(reason));
  }
  EXPECT_EQ(told.at("left_out").size(), 5U) << reasons;
  EXPECT_THAT(outcome.err, HasSubstr("text.jpg"));
  EXPECT_EQ(enroll({"--name", "Crowd", photos_ + "/multiface_6.jpg", "--faces", "largest"}).exit_code, 0);
}

TEST_F(Enroll, LookAlikesAreToldAndEnrolled) {
  const fs::path in = people(1);
  const fs::path picture = fs::directory_iterator(fs::directory_iterator(in)->path())->path();
  ASSERT_EQ(enroll({in}).exit_code, 0);
  // The same face under another name, in other bytes.
  write_file(folder_ / "again.png", encode_png(decode_image(read_file(picture))));
  const Outcome outcome = enroll({"--name", "Another", folder_ / "again.png"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  ASSERT_EQ(outcome.json().at("warnings").size(), 1U);
  EXPECT_THAT(outcome.json().at("warnings").at(0).at("reason"), HasSubstr("looks like"));
  EXPECT_EQ(outcome.json().at("people"), 2);
}

TEST_F(Enroll, PeopleAreListedRenamedAndRemoved) {
  const std::string picture = fs::directory_iterator(fs::directory_iterator(people(1))->path())->path();
  const std::string name = "محمد O'Neil; DROP/TABLE \"x\"";
  ASSERT_EQ(enroll({"--name", name, picture}).exit_code, 0);
  EXPECT_EQ(call({"--list"}).json().at("list").at(0).at("name"), name);
  EXPECT_EQ(call({"--list", "--name", name}).json().at("images").size(), 1U);
  EXPECT_EQ(call({"--rename", name, "Jo Do"}).exit_code, 0);
  const Outcome unknown = call({"--remove", "Jo Doo"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'Jo Do'?"));
  EXPECT_EQ(call({"--remove", "Jo Do"}).json().at("people"), 0);
  EXPECT_FALSE(fs::exists(gallery_ + ".matrix"));
}

TEST_F(Enroll, WhatIsWrongOnTheCommandLineIsSaid) {
  const std::string in = people(1);
  EXPECT_EQ(call({"--list"}).exit_code, 2);  // there is none yet
  EXPECT_EQ(enroll({}).exit_code, 2);
  EXPECT_EQ(enroll({in, "--name", "a\nb"}).exit_code, 2);
  EXPECT_EQ(enroll({in, "--list"}).exit_code, 2);
  EXPECT_EQ(call({"--list", "--remove", "x"}).exit_code, 2);
  EXPECT_FALSE(fs::exists(gallery_));
  write_file(gallery_, "not SQLite, but long enough to be looked at: " + std::string(4096, 'x'));
  const Outcome foreign = enroll({in});
  EXPECT_EQ(foreign.exit_code, 1);
  EXPECT_THAT(foreign.err, HasSubstr("is no gallery"));
}

TEST_F(Enroll, AGalleryOfAnotherModelOrRuleIsRefused) {
  const std::string in = people(1);
  ASSERT_EQ(enroll({in}).exit_code, 0);
  const Outcome rule = enroll({in, "--flip", "flip_sum"});
  EXPECT_EQ(rule.exit_code, 2);
  EXPECT_THAT(rule.err, HasSubstr("no_flip, not of"));
  const Outcome model = enroll({in, "--preprocess", "bgr"});
  EXPECT_EQ(model.exit_code, 2);
  EXPECT_THAT(model.err, HasSubstr("holds embeddings of mobilefacenet_foamliu"));
}

TEST_F(Enroll, AKilledCallLosesNothingThatTheNextDoesNotMakeGood) {
  const std::string in = people(40);
  Process process(words({in, "--model", model_}), environment_);
  for (int i = 0; i < 1000 && (!fs::exists(gallery_) || fs::file_size(gallery_) < 40000); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process.send(SIGKILL);
  process.wait();
  ASSERT_EQ(call({in}).exit_code, 0);
  const std::vector<std::string> after = content();
  fs::remove(gallery_);
  ASSERT_EQ(enroll({in}).exit_code, 0);
  EXPECT_EQ(after, content());
}

TEST_F(Enroll, AFullDiskLeavesAWholeGallery) {
  ASSERT_EQ(enroll({people(1)}).exit_code, 0);
  const std::vector<std::string> before = content();
  Environment full = environment_;
  full.file_size_limit = static_cast<long>(fs::file_size(gallery_));
  const Outcome outcome = facerec(words({people(40)}), full);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be written"));
  EXPECT_EQ(content(), before);
}

TEST_F(Enroll, ALockedGalleryIsTold) {
  ASSERT_EQ(enroll({people(1)}).exit_code, 0);
  sqlite3* other = nullptr;
  sqlite3_open(gallery_.c_str(), &other);
  sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
  const Outcome outcome = call({"--list"});
  sqlite3_close(other);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("another process is writing"));
}

}  // namespace
}  // namespace facerec::test
