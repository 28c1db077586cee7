#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/data/dataset.h"
#include "support/images.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::flat_image;
using test::TemporaryFolder;
using test::write_png;
using testing::HasSubstr;

template <class Work>
std::string usage_error(Work work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    return error.what();
  }
  return "no error";
}

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

TEST(ImageFolder, LeavesOutIdentitiesWithFewImages) {
  const TemporaryFolder folder;
  write_png(folder / "a/1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "b/1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "b/2.png", flat_image(8, 1, 2, 3));
  EXPECT_EQ(open_image_folder(folder.path(), 2)->classes(), 1);
  EXPECT_THAT(usage_error([&] { open_image_folder(folder.path(), 3); }), HasSubstr("3 images or more"));
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

TEST(TrainingSet, JoinsFoldersWithIdentitiesCountedOn) {
  const TemporaryFolder folder;
  write_png(folder / "x/a/1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "x/b/1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "y/a/1.png", flat_image(8, 1, 2, 3));
  DataConfig config;
  config.root = folder.path().string();
  config.train = {{"x"}, {"y"}};
  const auto data = open_training_set(config);
  EXPECT_EQ(data->classes(), 3);
  EXPECT_EQ(data->label(2), 2);
  EXPECT_THAT(data->name(2), HasSubstr("y/a/1.png"));
}

TEST(TrainingSet, OneIdentityIsNotEnough) {
  const TemporaryFolder folder;
  write_png(folder / "a/1.png", flat_image(8, 1, 2, 3));
  DataConfig config;
  EXPECT_THAT(usage_error([&] { open_training_set(config); }), HasSubstr("no training data is named"));
  config.train = {{folder.path().string()}};
  EXPECT_THAT(usage_error([&] { open_training_set(config); }), HasSubstr("at least 2 are needed"));
}

}  // namespace
}  // namespace facerec
