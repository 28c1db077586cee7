// Evaluation sets: every image counts, and the pairs come along.
#include <gmock/gmock.h>

#include "facerec/data/pack.h"
#include "unit/data/usage_error.h"
#include "unit/recognize/made_up.h"

namespace facerec {
namespace {

using test::align;
using test::photograph;
using test::TemporaryFolder;
using test::to;
using test::usage_error;
using test::write_png;
using testing::HasSubstr;

// Two folds of one same and one different pair, in LFW's form.
void make_lfw(const fs::path& folder, uint8_t faces_of_the_last = 1) {
  for (const char* name : {"anna/anna_0001", "anna/anna_0002", "ben/ben_0001", "zoe/zoe_0001", "zoe/zoe_0002"})
    write_png(folder / (std::string(name) + ".png"), photograph(1));
  write_png(folder / "ben/ben_0002.png", photograph(faces_of_the_last));
  write_png(folder / "unused/unused_0001.png", photograph(0));
  write_file(folder / "pairs.txt", "2\t1\nanna\t1\t2\nanna\t1\tben\t1\nzoe\t1\t2\nzoe\t2\tben\t2\n");
}

PairSet open(const fs::path& path) { return std::move(open_evaluation_sets(path, "", "", false).front()); }

std::vector<std::vector<std::byte>> images_in_pairs(const PairSet& set) {
  std::vector<std::vector<std::byte>> images;
  for (const Pair& pair : set.pairs) {
    for (const uint32_t image : {pair.a, pair.b}) images.push_back(set.images->read(image).encoded);
  }
  return images;
}

std::string failure(const fs::path& in, const fs::path& out, const AlignOptions& options) {
  try {
    align(in, out, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(AlignEvaluation, AnAlignedLfwIsAnEvaluationSetAgain) {
  const TemporaryFolder folder;
  make_lfw(folder / "lfw");
  const AlignSummary summary = align(folder / "lfw", folder / "out");
  EXPECT_EQ(summary.counts.images, 7);  // those that no pair names too
  EXPECT_EQ(summary.counts.no_face, 1);
  const PairSet set = open(folder / "out");
  EXPECT_EQ(set.pairs.size(), 4U);
  EXPECT_EQ(set.fold.back(), 1);
  EXPECT_EQ(load_image(*set.images, 0).width, 112);
}

TEST(AlignEvaluation, BinAndBcolzHoldTheSameCrops) {
  const TemporaryFolder folder;
  make_lfw(folder / "lfw");
  align(folder / "lfw", folder / "out");
  align(folder / "lfw", folder / "lfw.bin", to("bin"));
  align(folder / "lfw", folder / "bcolz", to("bcolz"));
  const PairSet expected = open(folder / "out"), bin = open(folder / "lfw.bin"), bcolz = open(folder / "bcolz");
  EXPECT_EQ(images_in_pairs(bin), images_in_pairs(expected));
  ASSERT_EQ(bcolz.pairs.size(), 4U);
  EXPECT_EQ(load_image(*bcolz.images, 5).rgb, load_image(*bin.images, 5).rgb);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(bin.pairs[i].same, expected.pairs[i].same);
}

TEST(AlignEvaluation, ABinGoesToAFolderWithPairs) {
  const TemporaryFolder folder;
  make_lfw(folder / "lfw");
  PackOptions pack;
  pack.format = "bin";
  pack_evaluation_set(open(folder / "lfw"), folder / "lfw.bin", pack, {});
  align(folder / "lfw.bin", folder / "out");
  align(folder / "lfw", folder / "direct");
  EXPECT_EQ(images_in_pairs(open(folder / "out")), images_in_pairs(open(folder / "direct")));
}

TEST(AlignEvaluation, AFlatListNamesTheCrops) {
  const TemporaryFolder folder;
  make_lfw(folder / "lfw");
  write_file(folder / "lfw/pairs.txt",
             "anna/anna_0001.png anna/anna_0002.png 1\nzoe/zoe_0001.png ben/ben_0001.png 0\n");
  AlignOptions options;
  options.jpeg_quality = 95;
  align(folder / "lfw", folder / "out", options);
  EXPECT_EQ(read_text(folder / "out/pairs.txt"),
            "anna/anna_0001.jpg\tanna/anna_0002.jpg\t1\nzoe/zoe_0001.jpg\tben/ben_0001.jpg\t0\n");
}

TEST(AlignEvaluation, AnImageWithoutAFaceIsAnErrorUnlessTheUserSaysWhatBecomesOfIt) {
  const TemporaryFolder folder;
  make_lfw(folder / "lfw", 0);
  for (const auto& [format, out] : {std::pair{"folder", "out"}, {"bin", "out.bin"}}) {
    EXPECT_THAT(failure(folder / "lfw", folder / out, to(format)),
                HasSubstr("1 of 4 pairs have an image that gave no crop, such as ben/ben_0002.png"))
        << format;
    EXPECT_FALSE(fs::exists(folder / out / "pairs.txt")) << format;
    AlignOptions skip = to(format);
    skip.resume = skip.skip_missing = true;
    const AlignSummary summary = align(folder / "lfw", folder / out, skip);
    EXPECT_EQ(summary.missing_pairs, 1) << format;
    EXPECT_EQ(test::summary_of(summary).at("pairs").at("missing"), 1) << format;
  }
  EXPECT_EQ(open(folder / "out.bin").pairs.size(), 3U);
  EXPECT_EQ(open(folder / "out").pairs.size(), 3U);  // which names no image that is not there
  AlignOptions fallback = to("bin");
  fallback.selection.fallback_center = true;
  align(folder / "lfw", folder / "all.bin", fallback);
  EXPECT_EQ(open(folder / "all.bin").pairs.size(), 4U);
}

TEST(AlignEvaluation, PairsAreOfOneFaceAnImage) {
  const TemporaryFolder folder;
  make_lfw(folder / "lfw");
  AlignOptions all = to("bin");
  all.selection.faces = FaceChoice::all;
  EXPECT_THAT(usage_error([&] { align(folder / "lfw", folder / "out.bin", all); }), HasSubstr("--faces all"));
  // No one asked for the pairs of a folder.
  all.format = "folder";
  align(folder / "lfw", folder / "out", all);
  EXPECT_TRUE(fs::exists(folder / "out/anna/anna_0001_0.png"));
  EXPECT_FALSE(fs::exists(folder / "out/pairs.txt"));
}

TEST(AlignEvaluation, CfpKeepsItsProtocol) {
  const TemporaryFolder folder;
  const fs::path cfp = folder / "cfp";
  for (const char* name : {"001/frontal/01", "001/frontal/02", "002/frontal/01", "001/profile/01", "002/profile/01"})
    write_png(cfp / "Data/Images" / (std::string(name) + ".png"), photograph(1));
  for (const char* protocol : {"FF", "FP"}) {
    fs::create_directories(cfp / "Protocol/Split" / protocol / "01");
    write_file(cfp / "Protocol/Split" / protocol / "01/same.txt", std::string(protocol) == "FF" ? "1,2\n" : "1,1\n");
    write_file(cfp / "Protocol/Split" / protocol / "01/diff.txt", std::string(protocol) == "FF" ? "1,3\n" : "1,2\n");
  }
  write_file(cfp / "Protocol/Pair_list_F.txt",
             "1 ../Data/Images/001/frontal/01.png\r\n2 ../Data/Images/001/frontal/02.png\r\n3 "
             "../Data/Images/002/frontal/01.png\r\n");
  write_file(cfp / "Protocol/Pair_list_P.txt",
             "1 ../Data/Images/001/profile/01.png\n2 ../Data/Images/002/profile/01.png\n");
  AlignOptions options;
  options.jpeg_quality = 95;
  align(cfp, folder / "out", options);
  const std::vector<PairSet> sets = open_evaluation_sets(folder / "out", "", "", false);
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].pairs.size(), 2U);
  EXPECT_EQ(load_image(*sets[1].images, 0).width, 112);
}

TEST(AlignEvaluation, AListOfItsOwnIsCheckedBeforeTheWorkBegins) {
  const TemporaryFolder folder;
  make_lfw(folder / "lfw");
  write_file(folder / "lfw/pairs.txt", "anna/anna_0001.png anna/absent.png 1\n");
  EXPECT_THAT(usage_error([&] { align(folder / "lfw", folder / "out"); }), HasSubstr("absent"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace facerec
