// Photographs to crops in a folder: what is written.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "unit/data/usage_error.h"
#include "unit/recognize/made_up.h"

namespace facerec {
namespace {

using test::align;
using test::crops_in;
using test::made_up_face;
using test::make_many;
using test::names_in;
using test::photograph;
using test::record_of;
using test::summary_of;
using test::TemporaryFolder;
using test::usage_error;
using test::write_png;
using testing::ElementsAre;
using testing::HasSubstr;

// Photographs in the root and at several depths, of one face, of three, and of none.
void make_photographs(const fs::path& folder) {
  write_png(folder / "group.png", photograph(3));
  write_png(folder / "anna/1.png", photograph(1));
  write_png(folder / "anna/holiday/2.png", photograph(1));
  write_png(folder / "김민준/a b.png", photograph(2));
  write_png(folder / "nobody.png", photograph(0));
}

TEST(Align, KeepsTheTreeOfFolders) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  write_file(folder / "in/.hidden.png", "no image");
  write_file(folder / "in/notes.txt", "no image");
  const AlignSummary summary = align(folder / "in", folder / "out");
  EXPECT_THAT(names_in(folder / "out"), ElementsAre("anna/1.png", "anna/holiday/2.png", "group.png", "김민준/a b.png"));
  EXPECT_EQ(summary.counts.images, 5);
  EXPECT_EQ(summary.counts.aligned, 4);
  EXPECT_EQ(summary.counts.no_face, 1);
  EXPECT_EQ(summary.counts.faces, 7);
  EXPECT_EQ(summary.counts.crops, 4);
}

TEST(Align, CropsTheChosenFace) {
  const TemporaryFolder folder;
  const Image image = photograph(3);
  write_png(folder / "in/group.png", image);
  align(folder / "in", folder / "out");
  const Image crop = decode_image(read_file(folder / "out/group.png"));
  // The first is in the middle, and all are of one size.
  const Similarity similarity = fit_similarity(made_up_face(0, image.width, image.height).landmarks, {});
  EXPECT_EQ(crop.rgb, warp(image, similarity, {}).rgb);
}

TEST(Align, ASingleImageIsASetOfOne) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  align(folder / "in/group.png", folder / "out");
  EXPECT_THAT(names_in(folder / "out"), ElementsAre("group.png"));
}

TEST(Align, AllFacesAreNumbered) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  AlignOptions options;
  options.selection.faces = FaceChoice::all;
  options.jpeg_quality = 90;
  const AlignSummary summary = align(folder / "in", folder / "out", options);
  EXPECT_THAT(names_in(folder / "out"),
              ElementsAre("anna/1_0.jpg", "anna/holiday/2_0.jpg", "group_0.jpg", "group_1.jpg", "group_2.jpg",
                          "김민준/a b_0.jpg", "김민준/a b_1.jpg"));
  EXPECT_EQ(summary.counts.crops, 7);
}

TEST(Align, ImagesOfOneNameKeepApart) {
  const TemporaryFolder folder;
  write_png(folder / "in/a.png", photograph(1));
  write_file(folder / "in/a.jpg", encode_jpeg(photograph(1), 100));
  align(folder / "in", folder / "out");
  EXPECT_THAT(names_in(folder / "out"), ElementsAre("a.png", "a_1.png"));
}

TEST(Align, TheSummaryTellsOfEveryImage) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  AlignOptions options;
  options.selection.min_score = 0.885F;
  const AlignSummary summary = align(folder / "in", folder / "out", options);
  EXPECT_EQ(summary.file, folder / "out/align.json");
  const nlohmann::json json = summary_of(summary);
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("counts").at("images"), 5);
  EXPECT_EQ(json.at("options").at("detector"), "made_up");
  EXPECT_EQ(json.at("options").at("faces"), "largest");
  EXPECT_EQ(json.at("without_crop"),
            (nlohmann::json{{{"image", "nobody.png"}, {"status", "no_face"}, {"reason", "no face found"}}}));
  EXPECT_EQ(json.at("images").size(), 5U);

  const nlohmann::json group = record_of(summary, "group.png");
  EXPECT_EQ(group.at("status"), "aligned");
  EXPECT_EQ(group.at("width"), 120);
  EXPECT_EQ(group.at("height"), 90);
  ASSERT_EQ(group.at("faces").size(), 3U);
  EXPECT_EQ(group.at("faces").at(0).at("box"), (nlohmann::json{40, 25, 80, 65}));
  EXPECT_EQ(group.at("faces").at(0).at("score"), 0.9);
  EXPECT_EQ(group.at("faces").at(0).at("landmarks").size(), 5U);
  EXPECT_TRUE(group.at("faces").at(0).at("rejected").is_null());
  EXPECT_THAT(group.at("faces").at(2).at("rejected"), HasSubstr("score"));
  EXPECT_NEAR(group.at("faces").at(0).at("roll"), 0, 2);
  ASSERT_EQ(group.at("crops").size(), 1U);
  EXPECT_EQ(group.at("crops").at(0).at("face"), 0);
  EXPECT_EQ(group.at("crops").at(0).at("file"), "group.png");
  EXPECT_NEAR(group.at("crops").at(0).at("matrix").at(0), 2.8, 1e-3);  // 112 pixels for 40
  EXPECT_GT(group.at("crops").at(0).at("sharpness"), 0);
}

TEST(Align, FallbackCutsTheCentreAndSaysSo) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  AlignOptions options;
  options.selection.fallback_center = true;
  const AlignSummary summary = align(folder / "in", folder / "out", options);
  EXPECT_EQ(summary.counts.fallback, 1);
  EXPECT_EQ(summary.counts.no_face, 0);
  EXPECT_EQ(record_of(summary, "nobody.png").at("status"), "fallback");
  EXPECT_TRUE(record_of(summary, "nobody.png").at("crops").at(0).at("face").is_null());
  EXPECT_EQ(decode_image(read_file(folder / "out/nobody.png")).rgb, crop_center(photograph(0), {}).rgb);
}

// As a camera writes it that was held upright: to be turned by a quarter to the right.
std::vector<std::byte> turned_jpeg(const Image& image) {
  std::vector<std::byte> jpeg = encode_jpeg(image, 95);
  constexpr std::string_view app1(
      "\xFF\xE1\0\x22"
      "Exif\0\0II\x2A\0\x08\0\0\0\x01\0"
      "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
      36);
  const auto bytes = std::as_bytes(std::span(app1));
  jpeg.insert(jpeg.begin() + 2, bytes.begin(), bytes.end());
  return jpeg;
}

TEST(Align, PhotographsAreUprightAsExifSays) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "in");
  AlignOptions reduced;
  reduced.selection.min_size = 160;
  ASSERT_EQ(detection_reduction(reduced.selection), 4);
  for (const auto& [width, height] : {std::pair{120, 90}, {160, 159}}) {
    for (const AlignOptions& options : {AlignOptions(), reduced}) {
      write_file(folder / "in/a.jpg", turned_jpeg(photograph(1, width, height)));
      AlignOptions anew = options;
      anew.force = true;
      const AlignSummary summary = align(folder / "in", folder / "out", anew);
      EXPECT_EQ(record_of(summary, "a.jpg").at("width"), height);
      EXPECT_EQ(record_of(summary, "a.jpg").at("height"), width);
    }
  }
}

TEST(Align, LandmarksOfAFileStandInForADetector) {
  const TemporaryFolder folder;
  write_png(folder / "in/a/1.png", photograph(0));
  write_png(folder / "in/a/2.png", photograph(1));
  write_file(folder / "points.txt", "a/1.png 50 40 66 40 58 48 52 56 64 56\n");
  AlignOptions options;
  options.landmarks = (folder / "points.txt").string();
  const DetectorFactory none = []() -> std::unique_ptr<Detector> { throw std::logic_error("not wanted"); };
  const AlignSummary summary = align(folder / "in", folder / "out", options, none);
  EXPECT_THAT(names_in(folder / "out"), ElementsAre("a/1.png"));
  EXPECT_EQ(record_of(summary, "a/1.png").at("faces").at(0).at("landmarks").at(2), (nlohmann::json{58, 48}));
  EXPECT_EQ(record_of(summary, "a/2.png").at("reason"), "no landmarks are given");
  EXPECT_TRUE(summary_of(summary).at("options").at("detector").is_null());
}

TEST(Align, LandmarksOfOtherImagesAreToldOf) {
  const TemporaryFolder folder;
  write_png(folder / "in/a/1.png", photograph(1));
  write_file(folder / "points.txt", "b/2.png 50 40 66 40 58 48 52 56 64 56\n");
  AlignOptions options;
  options.landmarks = (folder / "points.txt").string();
  const auto told = [&](const char* out) {
    testing::internal::CaptureStdout();
    align(folder / "in", folder / out, options);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_THAT(told("out"), HasSubstr("none of its 1 images is among those aligned, such as a/1.png"));
  write_file(folder / "points.txt", "a/1.png 50 40 66 40 58 48 52 56 64 56\n");
  EXPECT_EQ(told("other"), "");
}

TEST(Align, ItsOwnSummaryGivesTheSameCropsAgain) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  AlignOptions options;
  align(folder / "in", folder / "out");
  options.landmarks = (folder / "out/align.json").string();
  align(folder / "in", folder / "again", options);
  EXPECT_EQ(names_in(folder / "again"), names_in(folder / "out"));
}

TEST(Align, ThreadsDoNotChangeTheResult) {
  const TemporaryFolder folder;
  make_many(folder / "in", 60);
  AlignOptions one, five;
  one.threads = 1;
  five.threads = 5;
  align(folder / "in", folder / "one/out", one);
  align(folder / "in", folder / "five/out", five);
  EXPECT_EQ(crops_in(folder / "one/out"), crops_in(folder / "five/out"));
  nlohmann::json a = test::load_json(folder / "one/out/align.json"),
                 b = test::load_json(folder / "five/out/align.json");
  a.erase("out");
  b.erase("out");
  EXPECT_EQ(a, b);
}

TEST(Align, NothingIsReplacedByAccident) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  AlignOptions force;
  force.force = true;
  write_file(folder / "mine.txt", "x");
  fs::create_directory(folder / "mine");
  write_file(folder / "mine/thesis.txt", "x");
  for (const char* mine : {"mine", "mine.txt"}) {
    EXPECT_THAT(usage_error([&] { align(folder / "in", folder / mine, force); }), HasSubstr("has not written it"));
  }
  EXPECT_EQ(read_text(folder / "mine/thesis.txt"), "x");
  EXPECT_EQ(read_text(folder / "mine.txt"), "x");

  align(folder / "in", folder / "out");
  fs::remove(folder / "in/group.png");
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out"); }), HasSubstr("--force replaces it"));
  EXPECT_TRUE(fs::exists(folder / "out/group.png"));
  write_file(folder / "out/anna/notes.txt", "mine");
  align(folder / "in", folder / "out", force);
  EXPECT_FALSE(fs::exists(folder / "out/group.png"));
  EXPECT_EQ(read_text(folder / "out/anna/notes.txt"), "mine");
}

TEST(Align, WhatIsThereStaysWhenTheDetectorCannotBeOpened) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  align(folder / "in", folder / "out");
  AlignOptions force;
  force.force = true;
  const DetectorFactory none = []() -> std::unique_ptr<Detector> { throw Error::usage("no weights"); };
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", force, none); }), HasSubstr("no weights"));
  EXPECT_TRUE(fs::exists(folder / "out/group.png"));
}

TEST(Align, InputAndOutputAreApart) {
  const TemporaryFolder folder;
  make_photographs(folder / "in");
  for (const char* out : {"in", "in/crops", "."}) {
    AlignOptions force;
    force.force = true;
    EXPECT_THAT(usage_error([&] { align(folder / "in", folder / out, force); }), HasSubstr("lies inside")) << out;
  }
  EXPECT_THAT(usage_error([&] { align(folder / "in/group.png", folder / "in", {}); }), HasSubstr("lies inside"));
}

TEST(Align, ShardsMakeOneFolder) {
  const TemporaryFolder folder;
  make_many(folder / "in", 30);
  align(folder / "in", folder / "whole");
  int64_t images = 0;
  for (int64_t i = 1; i <= 4; ++i) {
    AlignOptions options;
    options.shard = {i, 4};
    const AlignSummary summary = align(folder / "in", folder / "out", options);
    EXPECT_EQ(summary.file, folder / fmt::format("out/align.{}-of-4.json", i));
    images += summary.counts.images;
  }
  EXPECT_EQ(images, 30);
  EXPECT_EQ(crops_in(folder / "out"), crops_in(folder / "whole"));
  AlignOptions other;
  other.shard = {1, 4};
  other.resume = true;
  EXPECT_TRUE(align(folder / "in", folder / "out", other).already_there);
  other.jpeg_quality = 90;
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", other); }), HasSubstr("other input or options"));
  // One process alone must not take the folder for its own.
  AlignOptions alone;
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", alone); }), HasSubstr("--force"));
}

TEST(Align, LargeFacesAreLookedForInSmallerImages) {
  const TemporaryFolder folder;
  write_png(folder / "in/a.png", photograph(1, 800, 600));
  AlignOptions options;
  options.selection.min_size = 80;
  EXPECT_EQ(detection_reduction(options.selection), 2);
  const AlignSummary summary = align(folder / "in", folder / "out", options);
  const nlohmann::json record = record_of(summary, "a.png");
  EXPECT_EQ(record.at("width"), 800);
  // Found as 180 … 220 of the half as wide image: twice as many pixels of the whole one.
  EXPECT_EQ(record.at("faces").at(0).at("box").at(0), 360.5);
  EXPECT_EQ(record.at("faces").at(0).at("box").at(2), 440.5);
  options.selection.min_size = 320;
  EXPECT_EQ(detection_reduction(options.selection), 8);
  options.selection.min_size = 20;
  EXPECT_EQ(detection_reduction(options.selection), 1);
}

TEST(Align, ThePreviewShowsASample) {
  const TemporaryFolder folder;
  make_many(folder / "in", 40);
  AlignOptions options;
  options.preview = folder / "sheet.png";
  options.preview_images = 6;
  align(folder / "in", folder / "out", options);
  const Image sheet = decode_image(read_file(folder / "sheet.png"));
  EXPECT_GT(sheet.width, 1000);
  EXPECT_GT(sheet.height, 500);
}

}  // namespace
}  // namespace facerec
