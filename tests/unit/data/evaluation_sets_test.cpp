// Finding the evaluation sets that a path holds; CFP as its authors publish it.
#include <gmock/gmock.h>

#include "facerec/data/pairs.h"
#include "support/images.h"
#include "support/reference.h"
#include "unit/data/usage_error.h"

namespace facerec {
namespace {

using test::TemporaryFolder;
using test::usage_error;
using testing::ElementsAre;
using testing::HasSubstr;

void make_images(const TemporaryFolder& folder, const std::string& set) {
  for (const char* name : {"a/a_0001.png", "a/a_0002.png", "b/b_0001.png"}) {
    test::write_png(folder / (set + "/" + name), test::flat_image(8, 1, 2, 3));
  }
  write_file(folder / (set + "/pairs.txt"), "1\na 1 2\na 1 b 1\n");
}

void make_cfp(const TemporaryFolder& folder) {
  std::string frontal, profile;
  for (int i = 1; i <= 4; ++i) {
    const std::string person = "00" + std::to_string((i + 1) / 2), image = i % 2 == 1 ? "01" : "02";
    test::write_png(folder / ("Data/Images/" + person + "/frontal/" + image + ".png"), test::flat_image(8, 1, 2, 3));
    test::write_png(folder / ("Data/Images/" + person + "/profile/" + image + ".png"), test::flat_image(8, 1, 2, 3));
    const std::string path = "../Data/Images/" + person;
    frontal += std::to_string(i) + " " + path + "/frontal/" + image + ".png\r\n";
    profile += std::to_string(i) + " " + path + "/profile/" + image + ".png\r\n";
  }
  fs::create_directories(folder / "Protocol");
  write_file(folder / "Protocol/Pair_list_F.txt", frontal);
  write_file(folder / "Protocol/Pair_list_P.txt", profile);
  for (const char* split : {"FF/01", "FF/02", "FP/01", "FP/02"}) {
    fs::create_directories(folder / ("Protocol/Split/" + std::string(split)));
    write_file(folder / ("Protocol/Split/" + std::string(split) + "/same.txt"), "1,2\n");
    write_file(folder / ("Protocol/Split/" + std::string(split) + "/diff.txt"), "2,3\n1,4\n");
  }
}

std::vector<std::string> names_of(const std::vector<PairSet>& sets) {
  std::vector<std::string> names;
  for (const PairSet& set : sets) names.push_back(set.name);
  return names;
}

TEST(Cfp, AMissingProtocolIsNamed) {
  const TemporaryFolder folder;
  make_cfp(folder);
  fs::remove_all(folder / "Protocol/Split/FP");
  EXPECT_THAT(usage_error([&] { open_evaluation_sets(folder.path(), "", "cfp", false); }),
              HasSubstr("Split/FP: cannot be read"));
}

TEST(EvaluationSets, ThoseOfOneNameAreCalledByTheirPaths) {
  const TemporaryFolder folder;
  for (const char* set : {"a/lfw", "b/lfw", "b/own"}) make_images(folder, set);
  EXPECT_THAT(names_of(open_evaluation_sets(folder.path(), "", "", false)), ElementsAre("a_lfw", "b_lfw", "own"));
}

TEST(EvaluationSets, APackTakesNoListOfPairs) {
  const TemporaryFolder folder;
  write_file(folder / "x.bin", "");
  EXPECT_THAT(usage_error([&] { open_evaluation_sets(folder / "x.bin", "pairs.txt", "", false); }),
              HasSubstr("has its own pairs"));
}

TEST(EvaluationSets, LinksThatLeadNowhereArePassedOver) {
  const TemporaryFolder folder;
  make_images(folder, "x");
  fs::create_symlink("loop", folder / "loop");
  fs::create_symlink("pairs.txt", folder / "pairs.txt");
  EXPECT_THAT(names_of(open_evaluation_sets(folder.path(), "", "", false)), ElementsAre("x"));
  EXPECT_THAT(usage_error([&] { open_evaluation_sets(folder / "loop", "", "", false); }), HasSubstr("loop: "));
}

TEST(Cfp, BothProtocolsWithTheFoldsOfTheFiles) {
  const TemporaryFolder folder;
  make_cfp(folder);
  const std::vector<PairSet> sets = open_evaluation_sets(folder.path(), "", "cfp", false);
  EXPECT_THAT(names_of(sets), ElementsAre("cfp_ff", "cfp_fp"));
  for (const PairSet& set : sets) {
    EXPECT_THAT(set.fold, ElementsAre(0, 0, 0, 1, 1, 1));
    EXPECT_TRUE(set.pairs[0].same);
    EXPECT_FALSE(set.pairs[1].same);
  }
  EXPECT_THAT(sets[0].images->name(sets[0].pairs[0].b), HasSubstr("Data/Images/001/frontal/02.png"));
  EXPECT_THAT(sets[1].images->name(sets[1].pairs[0].a), HasSubstr("Data/Images/001/frontal/01.png"));
  EXPECT_THAT(sets[1].images->name(sets[1].pairs[0].b), HasSubstr("Data/Images/001/profile/02.png"));
}

TEST(Cfp, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  make_cfp(folder);
  auto told = [&] { return usage_error([&] { open_evaluation_sets(folder.path(), "", "", false); }); };
  write_file(folder / "Protocol/Split/FP/02/diff.txt", "1,4\n\n1,5\n");
  EXPECT_THAT(told(), testing::AllOf(HasSubstr("FP/02/diff.txt"), HasSubstr("line 3")));
  write_file(folder / "Protocol/Split/FP/02/diff.txt", "1,4\n");
  fs::remove(folder / "Data/Images/002/profile/02.png");
  EXPECT_THAT(told(), testing::AllOf(HasSubstr("002/profile/02.png"), HasSubstr("absent")));
  EXPECT_EQ(open_evaluation_sets(folder.path(), "", "", true)[1].missing, 2);
}

TEST(EvaluationSets, AFolderOfSetsGivesEach) {
  const TemporaryFolder folder;
  make_images(folder, "cplfw");
  make_images(folder, "more/lfw");
  fs::create_directories(folder / "empty/deep");
  EXPECT_THAT(names_of(open_evaluation_sets(folder.path(), "", "", false)), ElementsAre("cplfw", "lfw"));
  EXPECT_THAT(evaluation_sets_in(folder.path()), ElementsAre("cplfw", "more/lfw"));
  EXPECT_THAT(names_of(open_evaluation_sets(folder / "cplfw/", "", "x", false)), ElementsAre("x"));
  EXPECT_THAT(usage_error([&] { open_evaluation_sets(folder.path(), "", "x", false); }),
              HasSubstr("2 evaluation sets"));
  EXPECT_THAT(usage_error([&] { open_evaluation_sets(folder / "empty", "", "", false); }), HasSubstr("--pairs"));
  EXPECT_THAT(usage_error([&] { open_evaluation_sets(folder / "absent", "", "", false); }),
              HasSubstr("does not exist"));
}

TEST(Rfw, IsASetForEachGroup) {
  const TemporaryFolder folder;
  for (const std::string group : {"African", "Indian"}) {
    for (const char* name : {"m.0a/m.0a_0001.png", "m.0a/m.0a_0002.png", "m.0b/m.0b_0003.png"}) {
      test::write_png(folder / ("test/data/" + group + "/" + name), test::flat_image(8, 1, 2, 3));
    }
    fs::create_directories(folder / ("test/txts/" + group));
    write_file(folder / ("test/txts/" + group + "/" + group + "_pairs.txt"), "m.0a\t1\t2\nm.0a\t1\tm.0b\t3\n");
  }
  const std::vector<PairSet> sets = open_evaluation_sets(folder / "test", "", "rfw", false);
  EXPECT_THAT(names_of(sets), ElementsAre("rfw_african", "rfw_indian"));
  EXPECT_EQ(sets[0].pairs.size(), 2U);
  EXPECT_EQ(names_of(open_evaluation_sets(folder.path(), "", "", false)).size(), 2U);
}

}  // namespace
}  // namespace facerec
