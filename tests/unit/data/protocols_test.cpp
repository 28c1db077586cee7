// Evaluation sets that are not pairs of images, as their authors lay them out.
#include "facerec/data/protocols.h"

#include <gmock/gmock.h>

#include "support/images.h"
#include "support/reference.h"
#include "unit/data/usage_error.h"

namespace facerec {
namespace {

using test::TemporaryFolder;
using test::usage_error;
using testing::ElementsAre;
using testing::HasSubstr;

void write_images(const TemporaryFolder& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) test::write_png(folder / name, test::flat_image(8, 1, 2, 3));
}

class Templates : public testing::Test {
 protected:
  void SetUp() override {
    write_images(folder_, {"loose_crop/1.png", "loose_crop/2.png", "loose_crop/3.png"});
    fs::create_directories(folder_ / "meta");
    write_list("face_tid_mid", "1.png 40 7\n2.png 40 8\n3.png 12 9\n");
    write_list("name_5pts_score", points("1.png", 0.5F) + points("2.png", 0.25F) + points("3.png", 1));
    write_list("template_pair_label", "40 12 0\n40 40 1\n");
  }

  static std::string points(const std::string& name, float score) {
    return name + " 1 2 3 4 5 6 7 8 9 10.5 " + std::to_string(score) + "\n";
  }
  void write_list(const std::string& kind, const std::string& text) {
    write_file(folder_ / ("meta/ijbc_" + kind + ".txt"), text);
  }
  std::string error() {
    return usage_error([&] { open_template_set(folder_.path(), "ijbc"); });
  }

  TemporaryFolder folder_;
};

TEST_F(Templates, AreReadWithMediaPointsAndScores) {
  ASSERT_TRUE(is_template_set(folder_.path()));
  const TemplateSet set = open_template_set(folder_.path(), "ijbc");
  EXPECT_EQ(set.images->size(), 3);
  EXPECT_EQ(set.templates, 2U);
  EXPECT_THAT(set.template_of, ElementsAre(0, 0, 1));
  EXPECT_THAT(set.medium_of, ElementsAre(7, 8, 9));
  EXPECT_THAT(set.detector_score, ElementsAre(0.5F, 0.25F, 1.0F));
  EXPECT_EQ(set.landmarks[1][9], 10.5F);
  ASSERT_EQ(set.pairs.size(), 2U);
  EXPECT_EQ(set.pairs[0].a, 0U);
  EXPECT_EQ(set.pairs[0].b, 1U);
  EXPECT_FALSE(set.pairs[0].same);
  EXPECT_EQ(load_image(*set.images, 2).width, 8);
}

TEST_F(Templates, WithoutPointsTheImagesAreCrops) {
  fs::remove(folder_ / "meta/ijbc_name_5pts_score.txt");
  const TemplateSet set = open_template_set(folder_.path(), "ijbc");
  EXPECT_TRUE(set.landmarks.empty());
  EXPECT_THAT(set.detector_score, ElementsAre(1, 1, 1));
}

TEST_F(Templates, SayWhatIsWrong) {
  write_list("template_pair_label", "40 12 0\n40 13 1\n");
  EXPECT_THAT(error(), HasSubstr("line 2: template 13 has no images"));
  write_list("template_pair_label", "40 12 2\n");
  EXPECT_THAT(error(), HasSubstr("line 1: not of the form"));
  write_list("name_5pts_score", points("1.png", 1) + points("3.png", 1) + points("2.png", 1));
  EXPECT_THAT(error(), HasSubstr("line 2: names other images than ijbc_face_tid_mid.txt"));
  write_list("name_5pts_score", points("1.png", 1));
  EXPECT_THAT(error(), HasSubstr("has points of 1 images, and there are 3"));
  write_list("name_5pts_score", "1.png 1 2 3 4 5 6 7 8 9 nan 1\n");
  EXPECT_THAT(error(), HasSubstr("line 1: a value is no finite number"));
  write_list("face_tid_mid", "1.png 40 7\n2.png forty 8\n");
  EXPECT_THAT(error(), HasSubstr("line 2: 'forty' is not a number"));
}

std::vector<std::string> identities(const SearchSet& set, const std::vector<uint32_t>& list) {
  std::vector<std::string> names;
  for (const uint32_t image : list) {
    const int32_t identity = set.identity[image];
    names.push_back(identity < 0 ? "nobody" : set.images->class_name(identity));
  }
  return names;
}

TEST(Searches, TinyFaceTellsIdentitiesByNumbers) {
  const TemporaryFolder folder;
  write_images(folder, {"Gallery_Match/12_1.jpg", "Gallery_Match/3_1.jpg", "Gallery_Distractor/99.jpg", "Probe/3_2.jpg",
                        "Probe/12_5.jpg"});
  ASSERT_TRUE(is_search_set(folder.path()));
  const SearchSet set = open_search_set(folder.path(), "tinyface", false);
  EXPECT_TRUE(set.rank_entries);
  EXPECT_THAT(identities(set, set.gallery), ElementsAre("12", "3", "nobody"));
  EXPECT_THAT(identities(set, set.probes), ElementsAre("12", "3"));
  EXPECT_EQ(load_image(*set.images, set.probes[0]).width, 8);
}

TEST(Searches, FoldersOfGalleryAndProbes) {
  const TemporaryFolder folder;
  write_images(folder,
               {"gallery/anna/1.png", "gallery/bo/1.png", "probe/anna/x.png", "probe/zoe/1.png", "distractors/1.png"});
  const SearchSet set = open_search_set(folder.path(), "own", false);
  EXPECT_FALSE(set.rank_entries);
  EXPECT_THAT(identities(set, set.gallery), ElementsAre("anna", "bo", "nobody"));
  EXPECT_THAT(identities(set, set.probes), ElementsAre("anna", "zoe"));
}

TEST(Searches, ListsNameIdentitiesOrTheirFolders) {
  const TemporaryFolder folder;
  write_images(folder, {"anna/1.png", "anna/2.png", "bo/1.png"});
  write_file(folder / "gallery.txt", "anna/1.png\n");
  write_file(folder / "probes.txt", "anna/2.png anna\nbo/1.png\nbo/2.png\n");
  EXPECT_THAT(usage_error([&] { open_search_set(folder.path(), "own", false); }), HasSubstr("named in line 3"));
  const SearchSet set = open_search_set(folder.path(), "own", true);
  EXPECT_EQ(set.missing, 1);
  EXPECT_THAT(identities(set, set.gallery), ElementsAre("anna"));
  EXPECT_THAT(identities(set, set.probes), ElementsAre("anna", "bo"));
  EXPECT_EQ(open_searches(folder.path(), folder / "gallery.txt", folder / "probes.txt", "x", true).probes.size(), 2U);
  write_file(folder / "probes.txt", "1 2 3\n");
  EXPECT_THAT(usage_error([&] { open_search_set(folder.path(), "own", true); }), HasSubstr("line 1: not of the form"));
  fs::remove(folder / "probes.txt");
  EXPECT_FALSE(is_search_set(folder.path()));
}

TEST(GroupFile, NamesImagesOrIdentities) {
  const TemporaryFolder folder;
  write_images(folder, {"anna/1.png", "anna/2.png", "bo/1.png", "zoe/1.png"});
  write_file(folder / "groups.txt", "anna\tA\nbo/1.png\tB\nanna/2.png\tB\n");
  const auto images = open_image_folder(folder.path());
  const Groups groups(folder / "groups.txt");
  std::vector<std::string> found;
  for (int64_t i = 0; i < images->size(); ++i) found.push_back(groups.of(*images, i));
  EXPECT_THAT(found, ElementsAre("A", "B", "B", ""));

  write_file(folder / "groups.csv", "identity,group\nanna,A\nbo,B\n");
  EXPECT_EQ(Groups(folder / "groups.csv").of(*images, 2), "B");
  write_file(folder / "groups.csv", "identity,group\nanna,A\nanna,B\n");
  EXPECT_THAT(usage_error([&] { Groups(folder / "groups.csv"); }), HasSubstr("line 3: 'anna' is of group A already"));
  write_file(folder / "groups.txt", "");
  EXPECT_THAT(usage_error([&] { Groups(folder / "groups.txt"); }), HasSubstr("names no groups"));
}

}  // namespace
}  // namespace facerec
