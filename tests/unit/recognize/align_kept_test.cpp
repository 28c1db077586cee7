// What an alignment must not touch: its inputs, and what others have put where it writes.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "unit/data/usage_error.h"
#include "unit/recognize/made_up.h"

namespace facerec {
namespace {

using test::align;
using test::crops_in;
using test::photograph;
using test::TemporaryFolder;
using test::usage_error;
using test::write_png;
using testing::HasSubstr;

void make_portraits(const fs::path& folder) {
  write_png(folder / "anna/1.png", photograph(1));
  write_png(folder / "ben/1.png", photograph(2));
  write_png(folder / "zoe/1.png", photograph(1));
}

AlignOptions forced(const std::string& format = "folder") {
  AlignOptions options;
  options.format = format;
  options.force = true;
  return options;
}

class AlignKept : public testing::Test {
 protected:
  void SetUp() override { make_portraits(folder_ / "in"); }
  fs::path in() const { return folder_ / "in"; }
  std::string refusal(const fs::path& out, const AlignOptions& options) const {
    return usage_error([&] { align(in(), out, options); });
  }

  TemporaryFolder folder_;
};

TEST_F(AlignKept, TheInputWhereverTheOutputLies) {
  const auto before = crops_in(in());
  EXPECT_THAT(refusal(folder_ / "in.txt", forced("list")), HasSubstr("lies inside"));
  fs::rename(in(), folder_ / "set.align");
  EXPECT_THAT(usage_error([&] { align(folder_ / "set.align", folder_ / "set", forced("recordio")); }),
              HasSubstr("lies inside"));
  EXPECT_EQ(crops_in(folder_ / "set.align"), before);
}

TEST_F(AlignKept, TheInputWhereverTheUserStands) {
  const fs::path before = fs::current_path();
  fs::current_path(in());
  for (const char* out : {".", "./", "new", "..", "anna/.."}) {
    EXPECT_THAT(usage_error([&] { align(".", out, forced()); }), HasSubstr("lies inside")) << out;
  }
  fs::create_directory(folder_ / "out");
  fs::current_path(folder_ / "out");
  for (const char* out : {".", "./"}) EXPECT_EQ(align(in(), out, forced()).counts.crops, 3) << out;
  fs::current_path(before);
  EXPECT_EQ(crops_in(folder_ / "out").size(), 3U);
}

TEST_F(AlignKept, AnEmptyNameIsRefused) { EXPECT_THAT(refusal("", {}), HasSubstr("OUT is empty")); }

TEST_F(AlignKept, ThePreviewReplacesNothingByAccident) {
  write_file(folder_ / "mine.png", "mine");
  write_file(folder_ / "file", "mine");
  fs::create_directory(folder_ / "folder.png");
  const auto refused = [&](const fs::path& preview, bool force) {
    AlignOptions options;
    options.preview = preview;
    options.force = force;
    return refusal(folder_ / "out", options);
  };
  EXPECT_THAT(refused(folder_ / "mine.png", false), HasSubstr("is there already"));
  EXPECT_THAT(refused(in() / "anna/1.png", true), HasSubstr("lies inside"));
  EXPECT_THAT(refused(in() / "sheet.png", true), HasSubstr("lies inside"));
  EXPECT_THAT(refused(folder_ / "out/sheet.png", true), HasSubstr("lies inside"));
  EXPECT_THAT(refused(folder_ / "absent/sheet.png", true), HasSubstr("does not exist"));
  EXPECT_THAT(refused(folder_ / "folder.png", true), HasSubstr("is a folder"));
  EXPECT_THAT(refused(folder_ / "sheet.jpg", true), HasSubstr(".png"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_EQ(read_text(folder_ / "mine.png"), "mine");
  AlignOptions single;
  single.preview = in() / "anna/1.png";
  single.force = true;
  EXPECT_THAT(usage_error([&] { align(in() / "anna/1.png", folder_ / "out", single); }), HasSubstr("lies inside"));
  AlignOptions options = forced();
  options.preview = folder_ / "mine.png";
  align(in(), folder_ / "out", options);
  EXPECT_EQ(probe_image(read_file(folder_ / "mine.png")).format, ImageFormat::png);
}

TEST_F(AlignKept, WhatNoSummaryAndNoJournalNames) {
  align(in(), folder_ / "out");
  write_file(folder_ / "out/anna/mine.png", "mine");
  fs::create_directory(folder_ / "out/Protocol");
  write_file(folder_ / "out/Protocol/mine.txt", "mine");
  write_file(folder_ / "out/pairs.txt", "mine");
  write_file(folder_ / "out/align.notes.json", "{}");
  fs::remove_all(folder_ / "in/ben");
  fs::remove_all(folder_ / "in/anna");
  align(in(), folder_ / "out", forced());
  for (const char* mine : {"anna/mine.png", "Protocol/mine.txt", "pairs.txt"}) {
    EXPECT_EQ(read_text(folder_ / "out" / mine), "mine") << mine;
  }
  EXPECT_TRUE(fs::exists(folder_ / "out/align.notes.json"));
  EXPECT_FALSE(fs::exists(folder_ / "out/anna/1.png"));
  EXPECT_FALSE(fs::exists(folder_ / "out/ben"));
}

TEST_F(AlignKept, FoldersThatOnlyLookAsIfAlignHadWrittenThem) {
  write_png(folder_ / "mine/holiday.png", photograph(1));
  for (const char* text : {"{}", "", "[]", "{\"schema\": 1,\n  \"without_crop\": []\n}"}) {
    write_file(folder_ / "mine/align.json", text);
    EXPECT_THAT(refusal(folder_ / "mine", forced()), HasSubstr("has not written it")) << text;
  }
  EXPECT_TRUE(fs::exists(folder_ / "mine/holiday.png"));
  fs::create_directory(folder_ / "set.align");
  write_file(folder_ / "set.align/thesis.txt", "mine");
  EXPECT_THAT(refusal(folder_ / "set", forced("recordio")), HasSubstr("has not written it"));
  EXPECT_EQ(read_text(folder_ / "set.align/thesis.txt"), "mine");
}

TEST_F(AlignKept, AListBesideAFolderOfCrops) {
  align(in(), folder_ / "out");
  write_file(folder_ / "out.txt", "mine");
  EXPECT_THAT(refusal(folder_ / "out.txt", forced("list")), HasSubstr("has not written it"));
  EXPECT_EQ(read_text(folder_ / "out.txt"), "mine");
}

TEST_F(AlignKept, WhatASummaryNamesOutsideItsFolder) {
  const std::string mine = "mine";
  write_file(folder_ / "mine.png", mine);
  fs::create_directory(folder_ / "away");
  write_file(folder_ / "away/1.png", mine);
  align(in(), folder_ / "out");
  std::string text = read_text(folder_ / "out/align.json");
  for (const auto& [name, other] : {std::pair{"ben/1.png", "../mine.png"}, {"zoe/1.png", "link/1.png"}}) {
    const std::string file = fmt::format(R"("file":"{}")", name);
    const size_t at = text.rfind(file);
    ASSERT_NE(at, std::string::npos) << text;
    text.replace(at, file.size(), fmt::format(R"("file":"{}")", other));
  }
  write_file(folder_ / "out/align.json", text);
  fs::create_directory_symlink(folder_ / "away", folder_ / "out/link");
  align(in(), folder_ / "out", forced());
  EXPECT_EQ(read_text(folder_ / "mine.png"), mine);
  EXPECT_EQ(read_text(folder_ / "away/1.png"), mine);
}

TEST_F(AlignKept, FilesThatAreReadDoNotLieInTheOutput) {
  align(in(), folder_ / "out");
  AlignOptions landmarks = forced(), weights = forced();
  landmarks.landmarks = (folder_ / "out/align.json").string();
  EXPECT_THAT(refusal(folder_ / "out", landmarks), HasSubstr("is to be read"));
  write_file(folder_ / "out/weights.onnx", "mine");
  weights.weights = {folder_ / "out/weights.onnx"};
  EXPECT_THAT(refusal(folder_ / "out", weights), HasSubstr("is to be read"));
  AlignInput input;
  input.set.path = in().string();
  input.pairs = folder_ / "out/pairs.txt";
  write_file(input.pairs, "anna/1.png ben/1.png 0\n");
  EXPECT_THAT(usage_error([&] { align_images(input, folder_ / "out", forced(), test::made_up(), {}); }),
              HasSubstr("is to be read"));
  EXPECT_EQ(crops_in(folder_ / "out").size(), 3U);
}

TEST_F(AlignKept, ShardsThatAreStartedTogether) {
  for (int i = 0; i < 40; ++i) write_png(in() / fmt::format("many/{}.png", i), photograph(1));
  align(in(), folder_ / "whole");
  for (int round = 0; round < 5; ++round) {
    const fs::path out = folder_ / fmt::format("out{}", round);
    std::vector<std::string> faults(8);
    std::vector<std::thread> shards;
    for (int64_t i = 0; i < 8; ++i) {
      shards.emplace_back([&, i] {
        AlignOptions options;
        options.shard = {i + 1, 8};
        options.threads = 1;
        try {
          align(in(), out, options);
        } catch (const Error& error) {
          faults[static_cast<size_t>(i)] = error.what();
        }
      });
    }
    for (std::thread& shard : shards) shard.join();
    EXPECT_THAT(faults, testing::Each("")) << round;
    EXPECT_EQ(crops_in(out), crops_in(folder_ / "whole"));
  }
}

TEST_F(AlignKept, ShardsAreOfOneNumber) {
  AlignOptions options;
  options.shard = {1, 3};
  align(in(), folder_ / "out", options);
  options.shard = {2, 4};
  EXPECT_THAT(refusal(folder_ / "out", options), HasSubstr("shards: 3 then, 4 now"));
}

}  // namespace
}  // namespace facerec
