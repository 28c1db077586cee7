#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/data/dataset.h"
#include "support/images.h"
#include "support/reference.h"
#include "unit/data/usage_error.h"

namespace facerec {
namespace {

using test::flat_image;
using test::TemporaryFolder;
using test::usage_error;
using test::write_png;
using testing::HasSubstr;

TEST(ImageFolder, OneClassPerFolderWhateverItsName) {
  const TemporaryFolder folder;
  write_png(folder / "Zoë/a.png", flat_image(8, 1, 2, 3));
  write_png(folder / "김민준/deep/er/b.PNG", flat_image(8, 1, 2, 3));
  write_png(folder / "김민준/a b.png", flat_image(8, 1, 2, 3));
  write_png(folder / "김민준/.hidden.png", flat_image(8, 1, 2, 3));
  write_png(folder / ".cache/x.png", flat_image(8, 1, 2, 3));
  write_png(folder / "stray.png", flat_image(8, 1, 2, 3));
  write_file(folder / "Zoë/notes.txt", "not an image");
  fs::create_directory(folder / "empty");
  const auto data = open_image_folder(folder.path());
  EXPECT_EQ(data->classes(), 2);
  ASSERT_EQ(data->size(), 3);
  EXPECT_EQ(data->label(0), 0);
  EXPECT_EQ(data->label(1), 1);
  EXPECT_EQ(data->label(2), 1);
  EXPECT_THAT(data->name(1), HasSubstr("김민준/a b.png"));
  EXPECT_EQ(load_image(*data, 2).width, 8);
}

TEST(ImageFolder, LinksThatLeadRoundOrNowhereAreLeftOut) {
  const TemporaryFolder folder;
  for (const char* path : {"a/1.png", "b/1.png"}) write_png(folder / path, flat_image(8, 1, 2, 3));
  for (const char* link : {"loop", "a/loop", "a/2.png"}) fs::create_symlink(fs::path(link).filename(), folder / link);
  fs::create_directory_symlink(folder.path(), folder / "a/up");
  fs::create_directory_symlink("../b", folder / "a/beside");
  const auto data = open_image_folder(folder.path());
  ASSERT_EQ(data->size(), 3);
  EXPECT_THAT(data->name(1), HasSubstr("a/beside/1.png"));
  EXPECT_EQ(data_format(folder / "loop"), "");
  EXPECT_EQ(data_format(folder / std::string(300, 'n')), "");
}

TEST(ImageFolder, ImagesComeFolderByFolder) {
  const TemporaryFolder folder;
  for (const char* path : {"a/b.png", "a/b/2.png", "a/b-c.png", "a/b!/1.png", "a-b/1.png", "a!/1.png", "é/1.png"}) {
    write_png(folder / path, flat_image(8, 1, 2, 3));
  }
  const auto data = open_image_folder(folder.path());
  std::vector<std::string> paths;
  for (int64_t i = 0; i < data->size(); ++i) paths.push_back(data->name(i).substr(folder.path().string().size() + 1));
  EXPECT_THAT(paths, testing::ElementsAre("a/b/2.png", "a/b!/1.png", "a/b-c.png", "a/b.png", "a!/1.png", "a-b/1.png",
                                          "é/1.png"));
}

TEST(ImageFolder, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  EXPECT_THAT(usage_error([&] { open_image_folder(folder / "absent"); }), HasSubstr("does not exist"));
  EXPECT_THAT(usage_error([&] { open_image_folder(folder.path()); }), HasSubstr("holds no identity"));
  write_file(folder / "file", "x");
  EXPECT_THAT(usage_error([&] { open_image_folder(folder / "file"); }), HasSubstr("not a folder"));
}

TEST(ImageFolder, AnErrorNamesTheImage) {
  const TemporaryFolder folder;
  write_png(folder / "a/good.png", flat_image(8, 1, 2, 3));
  write_file(folder / "a/bad.png", "text");
  const auto data = open_image_folder(folder.path());
  try {
    load_image(*data, 0);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), HasSubstr("a/bad.png"));
  }
}

const char* const kface[] = {
    "High_Resolution/19062421/S001/L1/E01/C7.png", "High_Resolution/19062421/S001/L1/E02/C7.png",
    "Low_Resolution/19062421/S001/L2/E01/C1.png", "High_Resolution/19070101/S002/L2/E03/C2.png"};

void make_kface(const TemporaryFolder& folder) {
  for (const char* path : kface) write_png(folder / path, flat_image(8, 1, 2, 3));
}

std::vector<std::string> names_of(const Dataset& data) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < data.size(); ++i) names.push_back(data.class_name(data.label(i)));
  return names;
}

TEST(DeepTree, KFacesIdentitiesAreNotItsFirstFolders) {
  const TemporaryFolder folder;
  make_kface(folder);
  LabelConfig label;
  label.by = "kface";
  const auto data = open_image_folder(folder.path(), label);
  EXPECT_EQ(data->classes(), 2);
  EXPECT_EQ(data->size(), 4);
  EXPECT_EQ(data->class_name(0), "19062421");
  EXPECT_EQ(open_image_folder(folder.path(), label, {{"light", "L2"}})->size(), 2);
  EXPECT_EQ(open_image_folder(folder.path(), label, {{"resolution", "High.*"}, {"expression", "E0[12]"}})->size(), 2);
  // The folder of one resolution has no name for it.
  EXPECT_EQ(open_image_folder(folder / "High_Resolution", label)->classes(), 2);
  EXPECT_THAT(usage_error([&] {
                open_image_folder(folder.path(), label, {{"lamp", "L1"}});
              }),
              testing::AllOf(HasSubstr("lamp"), HasSubstr("camera, expression, identity, light")));
}

TEST(DeepTree, LevelsCountFromTheSetAndFromTheImage) {
  const TemporaryFolder folder;
  make_kface(folder);
  LabelConfig label;
  label.level = 2;
  EXPECT_THAT(names_of(*open_image_folder(folder.path(), label)),
              testing::ElementsAre("19062421", "19062421", "19070101", "19062421"));
  label.level = -2;
  EXPECT_EQ(open_image_folder(folder.path(), label)->classes(), 2);  // L1, L2
  label.level = 7;
  EXPECT_THAT(usage_error([&] { open_image_folder(folder.path(), label); }), HasSubstr("C7.png"));
}

TEST(DeepTree, APatternNamesTheIdentity) {
  const TemporaryFolder folder;
  write_png(folder / "day1/anna-1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "day2/anna-2.png", flat_image(8, 1, 2, 3));
  write_png(folder / "day2/ben-1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "day2/noise.png", flat_image(8, 1, 2, 3));
  LabelConfig label;
  label.pattern = "(?<day>day[0-9])/(?<identity>[a-z]+)-";
  EXPECT_THAT(names_of(*open_image_folder(folder.path(), label)), testing::ElementsAre("anna", "anna", "ben"));
  EXPECT_THAT(names_of(*open_image_folder(folder.path(), label, {{"day", "day2"}})),
              testing::ElementsAre("anna", "ben"));
  label.pattern = "([a-z]+";
  EXPECT_THAT(usage_error([&] { open_image_folder(folder.path(), label); }), HasSubstr("not a regular expression"));
  label.pattern = "[a-z]+";
  EXPECT_THAT(usage_error([&] { open_image_folder(folder.path(), label); }), HasSubstr("no group"));
  label.pattern = "([a-z]+)";
  label.level = 1;
  EXPECT_THAT(usage_error([&] { open_image_folder(folder.path(), label); }), HasSubstr("exclude each other"));
}

TEST(ImageTree, HoldsEveryImageWhereverItLies) {
  const TemporaryFolder folder;
  write_png(folder / "in/group.png", flat_image(8, 1, 2, 3));
  write_png(folder / "in/anna/1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "in/anna/deep/er/2.png", flat_image(8, 1, 2, 3));
  write_png(folder / "in/.hidden/3.png", flat_image(8, 1, 2, 3));
  const auto data = open_image_tree(folder / "in");
  EXPECT_EQ(data->size(), 3);
  EXPECT_THAT(names_of(*data), testing::UnorderedElementsAre("anna", "anna", ""));
  EXPECT_EQ(open_image_folder(folder / "in")->size(), 2);
  const auto image = open_image_tree(folder / "in/group.png");
  ASSERT_EQ(image->size(), 1);
  EXPECT_EQ(image->name(0), (folder / "in/group.png").string());
}

TEST(ImageTree, SaysWhatIsNone) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "empty");
  write_file(folder / "notes.md", "x");
  EXPECT_THAT(usage_error([&] { open_image_tree(folder / "absent"); }), HasSubstr("does not exist"));
  EXPECT_THAT(usage_error([&] { open_image_tree(folder / "empty"); }), HasSubstr("holds no image"));
  EXPECT_THAT(usage_error([&] { open_image_tree(folder / "notes.md"); }), HasSubstr("neither a folder nor an image"));
}

TEST(ImageTree, ListsWhatCannotBeReadToo) {
  const test::TemporaryFolder folder;
  test::write_png(folder / "a/1.png", test::flat_image(8, 1, 2, 3));
  write_file(folder / "a/2.gif", "GIF89a");
  write_file(folder / "a/notes.txt", "no image");
  fs::create_symlink("nowhere.jpg", folder / "a/3.jpg");
  const auto images = open_image_tree(folder.path());
  ASSERT_EQ(images->size(), 3);
  EXPECT_THAT(images->name(1), testing::EndsWith("2.gif"));
  EXPECT_THROW(load_image(*images, 1), Error);
  EXPECT_THROW(load_image(*images, 2), Error);
  EXPECT_EQ(open_image_folder(folder.path())->size(), 1);
}

}  // namespace
}  // namespace facerec
