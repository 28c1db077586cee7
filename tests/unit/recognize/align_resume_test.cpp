// Photographs to crops in a folder: going on after an interruption.
#include <gmock/gmock.h>

#include <fstream>

#include "unit/data/usage_error.h"
#include "unit/recognize/made_up.h"

namespace facerec {
namespace {

using test::align;
using test::crops_in;
using test::MadeUpDetector;
using test::make_many;
using test::names_in;
using test::photograph;
using test::TemporaryFolder;
using test::usage_error;
using test::write_png;
using testing::HasSubstr;

// A detector that ends the work after some images.
DetectorFactory dies_after(int images) {
  const auto left = std::make_shared<std::atomic<int>>(images);
  return [left] { return std::make_unique<MadeUpDetector>(left); };
}

// The journal's end as a killed process may leave it.
void tear(const fs::path& out) {
  const fs::path journal = out / ".align/1-of-1/journal.jsonl.part";
  const std::string text = read_text(journal);
  ASSERT_FALSE(text.empty());
  std::ofstream(journal, std::ios::app) << R"({"image": "p3/17.png", "stat)";
}

TEST(AlignResume, GoesOnWhereItWasInterrupted) {
  const TemporaryFolder folder;
  make_many(folder / "in", 60);
  align(folder / "in", folder / "whole");
  AlignOptions options;
  options.threads = 2;
  EXPECT_THROW(align(folder / "in", folder / "out", options, dies_after(40)), std::runtime_error);
  EXPECT_FALSE(fs::exists(folder / "out/align.json"));
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", options); }), HasSubstr("--resume goes on"));
  tear(folder / "out");
  options.resume = true;
  const AlignSummary summary = align(folder / "in", folder / "out", options);
  EXPECT_GT(summary.done_before, 0);
  EXPECT_EQ(crops_in(folder / "out"), crops_in(folder / "whole"));
  const nlohmann::json a = test::load_json(folder / "out/align.json"), b = test::load_json(folder / "whole/align.json");
  EXPECT_EQ(a.at("images"), b.at("images"));
  EXPECT_EQ(a.at("counts"), b.at("counts"));
}

TEST(AlignResume, WhatWasDoneIsNotDoneAgain) {
  const TemporaryFolder folder;
  make_many(folder / "in", 30);
  AlignOptions options;
  align(folder / "in", folder / "out", options);
  options.resume = true;
  EXPECT_TRUE(align(folder / "in", folder / "out", options, dies_after(0)).already_there);
}

TEST(AlignResume, WhatIsGoneOfAFinishedOneIsMadeAgain) {
  const TemporaryFolder folder;
  make_many(folder / "in", 30);
  AlignOptions options;
  align(folder / "in", folder / "out", options);
  const auto whole = crops_in(folder / "out");
  fs::remove(folder / "out" / whole.begin()->first);
  fs::remove_all(folder / "out/p3");
  options.resume = true;
  options.preview = folder / "sheet.png";
  EXPECT_TRUE(align(folder / "in", folder / "out", options, dies_after(0)).already_there);
  EXPECT_EQ(crops_in(folder / "out"), whole);
  EXPECT_GT(decode_image(read_file(folder / "sheet.png")).width, 1000);
}

TEST(AlignResume, CropsThatAreGoneAreCutAgain) {
  const TemporaryFolder folder;
  make_many(folder / "in", 60);
  align(folder / "in", folder / "whole");
  AlignOptions options;
  options.threads = 1;
  EXPECT_THROW(align(folder / "in", folder / "out", options, dies_after(50)), std::runtime_error);
  const std::vector<std::string> done = names_in(folder / "out");
  ASSERT_GT(done.size(), 10U);
  fs::remove(folder / "out" / done[0]);
  fs::remove(folder / "out" / done[5]);
  options.resume = true;
  align(folder / "in", folder / "out", options);
  EXPECT_EQ(crops_in(folder / "out"), crops_in(folder / "whole"));
}

TEST(AlignResume, OnlyTheSameWorkIsGoneOnWith) {
  const TemporaryFolder folder;
  make_many(folder / "in", 30);
  AlignOptions options;
  EXPECT_THROW(align(folder / "in", folder / "out", options, dies_after(20)), std::runtime_error);
  options.resume = true;
  AlignOptions padded = options;
  padded.crop.padding = 0.1;
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", padded); }),
              HasSubstr("padding: 0.0 then, 0.1 now"));
  write_png(folder / "in/p0/new.png", photograph(1));
  EXPECT_THAT(usage_error([&] { align(folder / "in", folder / "out", options); }),
              HasSubstr("images: 30 then, 31 now"));
  options.resume = false;
  options.force = true;
  EXPECT_EQ(align(folder / "in", folder / "out", options).counts.images, 31);
}

}  // namespace
}  // namespace facerec
