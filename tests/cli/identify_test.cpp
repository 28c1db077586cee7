#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/image/image.h"
#include "support/images.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

// A gallery of two people with the published MobileFaceNet, one under a Korean name.
class Identify : public testing::Test {
 protected:
  void SetUp() override {
    FACEREC_NEEDS_TEST_DATA();
    environment_.variables["FACEREC_MODELS"] = test_data() / "data/weights";
    enroll("홍길동", crop("Ann_Veneman/Ann_Veneman_0003.jpg"));
    enroll("Angela \"A/B\" Bassett", crop("Angela_Bassett/Angela_Bassett_0001.jpg"));
  }

  void enroll(const std::string& name, const std::string& image) {
    const Outcome outcome =
        facerec({"enroll", "--gallery", gallery_, "--model", model(), "--name", name, image}, environment_);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  }

  Outcome identify(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"identify", "--gallery", gallery_});
    return facerec(arguments, environment_);
  }

  static std::string model() { return test_data() / "data/weights/mobilefacenet_foamliu.pt"; }
  static std::string photo(const std::string& name) { return test_data() / "data/photos" / name; }
  static std::string crop(const std::string& name) { return test_data() / "data/lfw_fold1_aligned" / name; }
  static std::string raw(const std::string& name) { return test_data() / "data/lfw_fold1_raw250" / name; }

  const TemporaryFolder folder_;
  const std::string gallery_ = folder_ / "people.gallery";
  Environment environment_;
};

TEST_F(Identify, NamesFacesInPhotographsAndInCrops) {
  for (const std::string& picture :
       {raw("Angela_Bassett/Angela_Bassett_0002.jpg"), crop("Angela_Bassett/Angela_Bassett_0002.jpg")}) {
    const Outcome outcome = identify({picture, "--threshold", "0.4", "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto face = outcome.json()["images"].at(0)["faces"].at(0);
    EXPECT_EQ(face["name"], "Angela \"A/B\" Bassett");
    EXPECT_GE(face["cosine"], 0.4);
    EXPECT_NEAR(face["squared_l2"].get<double>(), 2 - 2 * face["cosine"].get<double>(), 1e-6);
    EXPECT_GT(face["margin"], 0);
  }
}

TEST_F(Identify, StrangersInAGroupAreUnknown) {
  const Outcome outcome = identify({photo("multiface_6.jpg"), "--threshold", "0.4", "--top", "2", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto picture = outcome.json()["images"].at(0);
  EXPECT_GE(picture["faces"].size(), 5U);
  for (const auto& face : picture["faces"]) {
    EXPECT_EQ(face["known"], false);
    EXPECT_TRUE(face["name"].is_null());
    EXPECT_EQ(face["candidates"].size(), 2U);
    EXPECT_EQ(face["landmarks"].size(), 5U);
  }
  const Outcome text = identify({photo("multiface_6.jpg"), "--threshold", "0.4"});
  EXPECT_THAT(text.out, HasSubstr("unknown"));
}

TEST_F(Identify, DrawsNamesOfAnyScriptIntoThePhotograph) {
  const std::string out = folder_ / "named.png";
  const std::string picture = raw("Ann_Veneman/Ann_Veneman_0005.jpg");
  const Outcome outcome = identify({picture, "--threshold", "-1", "--annotate", out});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Image before = decode_image(read_file(picture)), after = decode_image(read_file(out));
  EXPECT_EQ(after.width, before.width);
  EXPECT_NE(after.rgb, before.rgb);
  const Outcome again = identify({picture, "--threshold", "-1", "--annotate", out});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--force"));
}

TEST_F(Identify, DrawsFoldersIntoAFolder) {
  fs::create_directories(folder_ / "in/below");
  fs::copy_file(raw("Ann_Veneman/Ann_Veneman_0005.jpg"), folder_ / "in/below/a b.jpg");
  write_png(folder_ / "in/empty.png", flat_image(200, 90, 90, 90));
  const Outcome outcome = identify({folder_ / "in", "--threshold", "0.4", "--annotate", folder_ / "out", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder_ / "out/below/a b.jpg.png"));
  const auto images = outcome.json()["images"];
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images[1]["faces"].size(), 0U);  // a wall
  EXPECT_EQ(identify({folder_ / "in", "--threshold", "0.4", "--annotate", folder_ / "one.png"}).exit_code, 2);
}

TEST_F(Identify, PicturesOfOneNameAreDrawnApart) {
  for (const char* below : {"d1", "d2"}) {
    fs::create_directories(folder_ / below);
    fs::copy_file(raw("Ann_Veneman/Ann_Veneman_0005.jpg"), folder_ / below / "x.jpg");
  }
  const Outcome outcome =
      identify({folder_ / "d1/x.jpg", folder_ / "d2/x.jpg", "--threshold", "0.4", "--annotate", folder_ / "out"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder_ / "out/d1/x.jpg.png"));
  EXPECT_TRUE(fs::exists(folder_ / "out/d2/x.jpg.png"));
}

TEST_F(Identify, WithoutACalibrationNothingIsDecided) {
  const Outcome outcome = identify({crop("Angela_Bassett/Angela_Bassett_0002.jpg")});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("facerec calibrate"));
}

TEST_F(Identify, PicturesThatCannotBeReadAreToldAndTheRestIsDone) {
  fs::create_directories(folder_ / "in");
  write_file(folder_ / "in/a_note.jpg", std::string_view("this is a text"));
  fs::copy_file(crop("Angela_Bassett/Angela_Bassett_0002.jpg"), folder_ / "in/b.jpg");
  const Outcome outcome = identify({folder_ / "in", "--threshold", "0.4", "--json"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  const auto images = outcome.json()["images"];
  ASSERT_EQ(images.size(), 2U);
  EXPECT_TRUE(images[0]["error"].is_string());
  EXPECT_EQ(images[1]["faces"].at(0)["known"], true);
  EXPECT_EQ(outcome.json()["counts"]["skipped"], 1);
}

TEST_F(Identify, WhatAListNamesInVainIsTold) {
  write_file(folder_ / "list.txt",
             crop("Angela_Bassett/Angela_Bassett_0002.jpg") + " 0\n" + std::string(folder_ / "nowhere.jpg") + " 0\n");
  const Outcome outcome = identify({folder_ / "list.txt", "--threshold", "0.4", "--json"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(outcome.json()["counts"]["skipped"], 1);
  EXPECT_EQ(outcome.json()["counts"]["known"], 1);
  EXPECT_EQ(outcome.json()["images"].size(), 2U);
}

TEST_F(Identify, AGalleryOfAnotherModelIsRefused) {
  const Outcome outcome = identify({crop("Angela_Bassett/Angela_Bassett_0002.jpg"), "--threshold", "0.4", "--model",
                                    test_data() / "data/weights/MobileFaceNet_foamliu.onnx"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("model"));
}

TEST_F(Identify, TheIndexFindsWhatTheExactSearchFinds) {
  const std::vector<std::string> arguments{crop("Angela_Bassett/Angela_Bassett_0002.jpg"), "--threshold", "0.4"};
  std::vector<std::string> indexed = arguments;
  indexed.insert(indexed.end(), {"--index", "ivf"});
  const Outcome exact = identify(arguments), found = identify(indexed);
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_EQ(found.out, exact.out);
  EXPECT_THAT(found.err, HasSubstr("recall"));
}

}  // namespace
}  // namespace facerec::test
