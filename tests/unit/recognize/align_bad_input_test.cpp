// What is wrong with single images, and with the place of output.
#include <gmock/gmock.h>

#include "unit/data/usage_error.h"
#include "unit/recognize/made_up.h"

namespace facerec {
namespace {

using test::align;
using test::names_in;
using test::photograph;
using test::record_of;
using test::spoils_the_network;
using test::TemporaryFolder;
using test::usage_error;
using test::write_png;
using testing::HasSubstr;

std::string status_of(const AlignSummary& summary, const std::string& image) {
  return record_of(summary, image).at("status");
}

std::string reason_of(const AlignSummary& summary, const std::string& image) {
  return record_of(summary, image).at("reason");
}

TEST(AlignBadInput, ImagesThatAreNoneAreListedWithTheReason) {
  const TemporaryFolder folder;
  const fs::path in = folder / "in";
  write_png(in / "good.png", photograph(1));
  write_file(in / "text.jpg", "not an image at all");
  write_file(in / "empty.png", "");
  std::vector<std::byte> bytes = encode_jpeg(photograph(1), 90);
  bytes.resize(bytes.size() / 2);
  write_file(in / "cut_off.jpg", bytes);
  bytes = encode_png(photograph(1));
  const uint8_t size[] = {0, 0, 0x75, 0x30, 0, 0, 0x4E, 0x20};  // 30,000 × 20,000
  std::copy_n(reinterpret_cast<const std::byte*>(size), sizeof size, bytes.begin() + 16);
  write_file(in / "huge.png", bytes);
  const AlignSummary summary = align(in, folder / "out");
  EXPECT_EQ(summary.counts.aligned, 1);
  EXPECT_EQ(summary.counts.failed, 4);
  EXPECT_THAT(reason_of(summary, "text.jpg"), HasSubstr("not a JPEG"));
  EXPECT_THAT(reason_of(summary, "empty.png"), HasSubstr("empty"));
  EXPECT_THAT(reason_of(summary, "cut_off.jpg"), HasSubstr("JPEG"));
  EXPECT_THAT(reason_of(summary, "huge.png"), HasSubstr("30000x20000"));
  EXPECT_EQ(test::summary_of(summary).at("without_crop").size(), 4U);
  EXPECT_TRUE(record_of(summary, "huge.png").at("width").is_null());
}

TEST(AlignBadInput, OddImagesAreAlignedAsAnyOther) {
  const TemporaryFolder folder;
  const fs::path in = folder / "in";
  write_png(in / "pixel.png", photograph(1, 1, 1));
  write_png(in / "line.png", photograph(0, 3000, 1));
  write_png(in / "crowd.png", photograph(200));
  AlignOptions options;
  options.selection.faces = FaceChoice::all;
  options.selection.fallback_center = true;
  const AlignSummary summary = align(in, folder / "out", options);
  EXPECT_EQ(summary.counts.failed, 0);
  EXPECT_EQ(record_of(summary, "crowd.png").at("crops").size(), 200U);
  EXPECT_EQ(status_of(summary, "line.png"), "fallback");
  for (const auto& [name, bytes] : test::crops_in(folder / "out")) {
    const Image crop = decode_image(read_file(folder / "out" / name));
    EXPECT_EQ(crop.width, 112) << name;
    EXPECT_EQ(crop.height, 112) << name;
  }
}

// The faces of a small photograph reach far beyond it.
TEST(AlignBadInput, FacesCutByTheBorderAreBlackBeyondIt) {
  const TemporaryFolder folder;
  write_png(folder / "in/a.png", photograph(1, 30, 30));
  const AlignSummary summary = align(folder / "in", folder / "out");
  EXPECT_EQ(status_of(summary, "a.png"), "aligned");
  const Image crop = decode_image(read_file(folder / "out/a.png"));
  EXPECT_EQ(crop.rgb[0], 0);
  EXPECT_GT(crop.row(56)[56 * 3], 0);
}

TEST(AlignBadInput, AnErrorOfTheDetectorIsOfItsImageAlone) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b", "c", "d"}) write_png(folder / "in" / (std::string(name) + ".png"), photograph(1));
  write_png(folder / "in/bb.png", photograph(spoils_the_network));
  const AlignSummary summary = align(folder / "in", folder / "out");
  EXPECT_EQ(summary.counts.aligned, 4);
  EXPECT_EQ(summary.counts.failed, 1);
  EXPECT_THAT(reason_of(summary, "bb.png"), HasSubstr("no number"));
}

TEST(AlignBadInput, StrictStopsAtTheFirst) {
  const TemporaryFolder folder;
  write_png(folder / "in/a.png", photograph(1));
  write_png(folder / "in/b.png", photograph(0));
  AlignOptions strict;
  strict.strict = true;
  try {
    align(folder / "in", folder / "out", strict);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), (folder / "in/b.png").string());
    EXPECT_THAT(error.message(), HasSubstr("no face"));
  }
  AlignOptions resume;
  resume.resume = true;
  EXPECT_EQ(align(folder / "in", folder / "out", resume).counts.aligned, 1);
}

TEST(AlignBadInput, WhatIsNoDataSetIsRefused) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "empty");
  write_file(folder / "notes.md", "x");
  EXPECT_THAT(usage_error([&] { align(folder / "absent", folder / "out"); }), HasSubstr("does not exist"));
  EXPECT_THAT(usage_error([&] { align(folder / "empty", folder / "out"); }), HasSubstr("holds no image"));
  EXPECT_THAT(usage_error([&] { align(folder / "notes.md", folder / "out"); }),
              HasSubstr("neither a folder nor an image"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(AlignBadInput, OutputThatCannotBeWrittenIsNamed) {
  const TemporaryFolder folder;
  write_png(folder / "in/a.png", photograph(1));
  write_file(folder / "file", "x");
  try {
    align(folder / "in", folder / "file/out");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("file/out"));
    EXPECT_THAT(error.what(), HasSubstr("cannot be made"));
  }
}

TEST(AlignBadInput, OptionsThatDoNotGoTogetherAreRefused) {
  const TemporaryFolder folder;
  write_png(folder / "in/a.png", photograph(1));
  AlignOptions shard;
  shard.shard = {5, 4};
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", shard); }), HasSubstr("5/4"));
  shard.shard = {1, 4};
  shard.format = "recordio";
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", shard); }), HasSubstr("--to folder"));
  AlignOptions pairs;
  pairs.format = "bin";
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out.bin", pairs); }), HasSubstr("has no pairs"));
  AlignOptions named;
  named.format = "tfrecord";
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", named); }), HasSubstr(".tfrecord"));
}

}  // namespace
}  // namespace facerec
