// What the `data` section names: lists, several sets in one, weights.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "facerec/data/dataset.h"
#include "support/images.h"
#include "support/manifest.h"
#include "unit/data/usage_error.h"

namespace facerec {
namespace {

using test::flat_image;
using test::TemporaryFolder;
using test::usage_error;
using test::write_png;
using testing::ElementsAre;
using testing::HasSubstr;

// x: a, a, b; y: a, c, c.
void make_sets(const TemporaryFolder& folder) {
  for (const char* path : {"x/a/1.png", "x/a/2.png", "x/b/1.png", "y/a/9.png", "y/c/1.png", "y/c/2.png"}) {
    write_png(folder / path, flat_image(8, 1, 2, 3));
  }
}

DataConfig both_sets(const TemporaryFolder& folder) {
  DataConfig config;
  config.root = folder.path().string();
  config.train = {{"x"}, {"y"}};
  return config;
}

std::vector<int64_t> labels_of(const Dataset& data) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < data.size(); ++i) labels.push_back(data.label(i));
  return labels;
}

TEST(TrainingSet, IdentitiesAreCountedOnFromSetToSet) {
  const TemporaryFolder folder;
  make_sets(folder);
  const TrainingSet set = open_training_set(both_sets(folder));
  EXPECT_THAT(labels_of(*set.images), ElementsAre(0, 0, 1, 2, 3, 3));
  EXPECT_THAT(set.images->name(3), HasSubstr("y/a/9.png"));
  EXPECT_EQ(set.images->relative_path(3), "a/9.png");
}

TEST(TrainingSet, OrMergedByName) {
  const TemporaryFolder folder;
  make_sets(folder);
  DataConfig config = both_sets(folder);
  config.label_space = "by_name";
  const TrainingSet set = open_training_set(config);
  EXPECT_THAT(labels_of(*set.images), ElementsAre(0, 0, 1, 0, 2, 2));
  EXPECT_EQ(set.images->class_name(2), "c");
}

// Label 0 of two lists is not one person; 19062421 in two folders is.
TEST(TrainingSet, MereLabelsAreMergedByNoName) {
  const TemporaryFolder folder;
  for (const char* path : {"x/0/1.png", "x/19062421/1.png", "y/19062421/2.png", "y/b/1.png"}) {
    write_png(folder / path, flat_image(8, 1, 2, 3));
  }
  write_file(folder / "a.txt", "x/0/1.png 0\ny/b/1.png 1\n");
  write_file(folder / "b.txt", "x/0/1.png 1\ny/b/1.png 19062421\n");
  DataConfig config = both_sets(folder);
  config.label_space = "by_name";
  config.train.insert(config.train.begin(), {{"a.txt"}, {"b.txt"}});
  const TrainingSet set = open_training_set(config);
  EXPECT_THAT(labels_of(*set.images), ElementsAre(0, 1, 2, 3, 4, 5, 5, 6));
  EXPECT_EQ(set.images->class_name(3), "19062421");
  EXPECT_FALSE(set.images->has_name(3));
  EXPECT_EQ(set.images->class_name(5), "19062421");
  EXPECT_TRUE(set.images->has_name(5));
}

TEST(TrainingSet, IdentitiesWithFewImagesAreLeftOutAndLabelsMoveUp) {
  const TemporaryFolder folder;
  make_sets(folder);
  DataConfig config = both_sets(folder);
  config.min_images = 2;
  const TrainingSet set = open_training_set(config);
  EXPECT_THAT(labels_of(*set.images), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(set.images->class_name(1), "c");
  EXPECT_EQ(set.shares[1].first, 2);
  EXPECT_EQ(set.shares[1].count, 2);
  config.min_images = 3;
  EXPECT_THAT(usage_error([&] { open_training_set(config); }), HasSubstr("0 identities with 3 images or more"));
  // The images that one person has in both sets count together.
  config.label_space = "by_name";
  config.train[1].where = {};
  EXPECT_THAT(usage_error([&] { open_training_set(config); }), HasSubstr("holds 1 identities"));
}

TEST(TrainingSet, OneIdentityIsNotEnough) {
  const TemporaryFolder folder;
  write_png(folder / "a/1.png", flat_image(8, 1, 2, 3));
  DataConfig config;
  EXPECT_THAT(usage_error([&] { open_training_set(config); }), HasSubstr("no training data is named"));
  config.train = {{folder.path().string()}};
  EXPECT_THAT(usage_error([&] { open_training_set(config); }), HasSubstr("at least 2 are needed"));
}

TEST(Sampler, NoImageIsDrawnAgainBeforeAllWere) {
  // 3 of 10 an epoch: 10 epochs are 3 cycles.
  for (const auto& [weight, count, epochs] : {std::tuple(0.5, 100, 2), std::tuple(0.3, 10, 10), {1.25, 8, 4}}) {
    const auto sampler = shuffle_sampler({{0, count, weight}}, 7);
    std::vector<int> uses(static_cast<size_t>(count));
    for (int64_t epoch = 0; epoch < 2 * epochs; ++epoch) {
      for (const uint32_t image : sampler->order(epoch)) ++uses[image];
      const auto [fewest, most] = std::ranges::minmax(uses);
      EXPECT_LE(most - fewest, 1) << weight << " " << epoch;
    }
    EXPECT_THAT(uses, testing::Each(2 * epochs * weight));
  }
}

TEST(Sampler, AWeightThatUsesNoImageIsRefused) {
  const TemporaryFolder folder;
  make_sets(folder);
  DataConfig config = both_sets(folder);
  config.train[1].weight = 0.1;
  const TrainingSet set = open_training_set(config);
  const std::string told = usage_error([&] { shuffle_sampler(set.shares, 1); });
  EXPECT_THAT(told, HasSubstr("y: data.train: with the weight 0.1 none of its 3 images"));
}

TEST(Sampler, WeightsSayHowOftenAnImageIsUsed) {
  const auto sampler = shuffle_sampler({{0, 10, 2.5}, {10, 100, 0.1}}, 7);
  EXPECT_EQ(sampler->length(), 35);
  std::vector<std::vector<int>> uses(2, std::vector<int>(110));
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    for (const uint32_t image : sampler->order(epoch)) ++uses[static_cast<size_t>(epoch)][image];
    for (size_t i = 0; i < 10; ++i) EXPECT_THAT(uses[static_cast<size_t>(epoch)][i], testing::AnyOf(2, 3));
    for (size_t i = 10; i < 110; ++i) EXPECT_LE(uses[static_cast<size_t>(epoch)][i], 1);
  }
  EXPECT_NE(uses[0], uses[1]);
  EXPECT_EQ(sampler->order(1), sampler->order(1));
  EXPECT_NE(shuffle_sampler({{0, 10, 2.5}, {10, 100, 0.1}}, 8)->order(0), sampler->order(0));
}

TrainingSet open_one(const fs::path& path, bool strict = false) {
  DataConfig config;
  config.train = {{path.string()}};
  return open_training_set(config, strict);
}

TEST(List, IsReadAsTheManifestSays) {
  FACEREC_NEEDS_TEST_DATA();
  const auto& entry = test::manifest_of("folder");
  const TrainingSet list = open_one(test::formats() / "folder/list.txt"), folder = open_one(test::formats() / "folder");
  for (const Dataset* data : {list.images.get(), folder.images.get()}) {
    ASSERT_EQ(data->size(), entry.at("images"));
    EXPECT_EQ(labels_of(*data), entry.at("labels").get<std::vector<int64_t>>());
    for (int64_t i = 0; i < data->size(); ++i) {
      const std::string key = entry.at("image_keys").at(static_cast<size_t>(i));
      EXPECT_EQ(test::image_key(data->read(i).encoded), key);
      test::expect_pixels(load_image(*data, i), key);
    }
  }
}

TEST(List, LabelsMayHaveGapsAndPathsSpaces) {
  const TemporaryFolder folder;
  write_png(folder / "a b.png", flat_image(8, 1, 2, 3));
  write_png(folder / "c.png", flat_image(8, 1, 2, 3));
  write_file(folder / "list.txt", "c.png 100\r\n\na b.png\t7\nc.png 9");
  const TrainingSet set = open_one(folder / "list.txt");
  EXPECT_THAT(labels_of(*set.images), ElementsAre(2, 0, 1));
  EXPECT_EQ(set.images->class_name(2), "100");
}

TEST(List, ThoseOfInsightFaceAndIm2recAreUnderstood) {
  const TemporaryFolder folder;
  write_png(folder / "a b.png", flat_image(8, 1, 2, 3));
  write_png(folder / "x/c.png", flat_image(8, 1, 2, 3));
  for (const char* text : {"1\ta b.png\t3\r\n1\tx/c.png\t1\n", "0\t3.000000\ta b.png\n7\t1\tx/c.png\r\n"}) {
    write_file(folder / "a.lst", text);
    const TrainingSet set = open_one(folder / "a.lst");
    EXPECT_EQ(set.problems.count(), 0) << text;
    EXPECT_THAT(labels_of(*set.images), ElementsAre(1, 0)) << text;
    EXPECT_EQ(set.images->class_name(1), "3") << text;
  }
}

TEST(List, ImagesThatAreAbsentAreLeftOutAndNamed) {
  const TemporaryFolder folder;
  write_png(folder / "a.png", flat_image(8, 1, 2, 3));
  write_file(folder / "list.txt", "a.png 0\nb.png 1\na.png 2\n/dev/zero 3\n");
  const TrainingSet set = open_one(folder / "list.txt");
  EXPECT_EQ(set.images->size(), 2);
  ASSERT_EQ(set.problems.count(), 2);
  EXPECT_EQ(set.problems.list()[0].name, (folder / "list.txt").string());
  EXPECT_THAT(set.problems.list()[0].reason, HasSubstr("line 2: b.png: absent"));
  EXPECT_THROW(open_one(folder / "list.txt", /*strict=*/true), Error);
}

TEST(List, DamagedOnesAreRefusedByLine) {
  FACEREC_NEEDS_TEST_DATA();
  int64_t cases = 0;
  for (const auto& path : test::corrupt("folder")) {
    if (path.extension() != ".txt") continue;
    ++cases;
    Problems problems;
    std::string told;
    try {
      open_images({path.string()}, "", problems);
      ASSERT_GT(problems.count(), 0) << path;
      told = problems.list()[0].name + ": " + problems.list()[0].reason;
    } catch (const Error& error) {
      told = error.what();
    }
    EXPECT_THAT(told, HasSubstr(path.filename().string()));
    if (path.stem() != "empty") {
      EXPECT_THAT(told, HasSubstr("line ")) << path;
    }
  }
  EXPECT_EQ(cases, 9);
}

TEST(Folder, DamagedImagesAreErrorsThatNameThem) {
  FACEREC_NEEDS_TEST_DATA();
  for (const auto& path : test::corrupt("folder")) {
    if (path.extension() == ".txt" || path.filename() == "jpeg_not_112") continue;
    try {
      const auto data = open_image_folder(path);
      for (int64_t i = 0; i < data->size(); ++i) load_image(*data, i);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_THAT(error.file(), HasSubstr(path.string()));
    }
  }
}

TEST(Csv, ColumnsAreFoundOrNamed) {
  const TemporaryFolder folder;
  write_png(folder / "imgs/a,1.png", flat_image(8, 1, 2, 3));
  write_png(folder / "imgs/b.png", flat_image(8, 1, 2, 3));
  write_file(folder / "meta.csv",
             "\xEF\xBB\xBF"
             "file_name,age,face_id,other\n\"imgs/a,1.png\",20,김,x\nimgs/b.png,30,\"A \"\"b\"\"\",y\n");
  DataConfig config;
  config.train = {{(folder / "meta.csv").string()}};
  const TrainingSet set = open_training_set(config);
  EXPECT_THAT(labels_of(*set.images), ElementsAre(1, 0));
  EXPECT_EQ(set.images->class_name(0), "A \"b\"");
  config.train[0].columns.identity = "other";
  EXPECT_EQ(open_training_set(config).images->class_name(0), "x");
  config.train[0].columns.identity = "absent";
  EXPECT_THAT(usage_error([&] { open_training_set(config); }), HasSubstr("file_name, age, face_id, other"));
}

TEST(Csv, NumbersComeBeforeNamesWhateverTheOrderOfTheRows) {
  const TemporaryFolder folder;
  write_png(folder / "a.png", flat_image(8, 1, 2, 3));
  std::vector<std::string> identities{"007", "10", "1a", "7", "9"};
  do {
    std::string text = "file,identity\n";
    for (const std::string& identity : identities) text += "a.png," + identity + "\n";
    std::ofstream(folder / "a.csv") << text;
    const TrainingSet set = open_one(folder / "a.csv");
    std::vector<std::string> classes;
    for (int64_t i = 0; i < set.images->classes(); ++i) classes.push_back(set.images->class_name(i));
    ASSERT_THAT(classes, ElementsAre("007", "7", "9", "10", "1a")) << text;
  } while (std::ranges::next_permutation(identities).found);
}

TEST(Csv, IsCheckedRowByRow) {
  const TemporaryFolder folder;
  auto told = [&](const std::string& text) {
    write_file(folder / "a.csv", text);
    Problems problems;
    return usage_error([&] { open_images({(folder / "a.csv").string()}, "", problems); });
  };
  EXPECT_THAT(told("file,identity\na.png,1\nb.png\n"), HasSubstr("line 3: 1 fields"));
  EXPECT_THAT(told("file,identity\n\"a.png,1\n"), HasSubstr("line 2"));
  EXPECT_THAT(told("file,identity\na\"b.png,1\n"), HasSubstr("line 2"));
  EXPECT_THAT(told("file,identity\n,1\n"), HasSubstr("line 2: an empty path"));
  EXPECT_THAT(told("file,identity\n"), HasSubstr("names no images"));
  EXPECT_THAT(told(""), HasSubstr("empty"));
}

TEST(OpenImages, WhatIsNoTrainingSetIsSaidSo) {
  Problems problems;
  EXPECT_THAT(usage_error([&] { open_images({"/absent"}, "", problems); }), HasSubstr("does not exist"));
  EXPECT_THAT(usage_error([&] { open_images({"/absent.csv"}, "", problems); }), HasSubstr("does not exist"));
  const TemporaryFolder folder;
  write_file(folder / "lfw.bin", "");
  EXPECT_THAT(usage_error([&] { open_images({(folder / "lfw.bin").string()}, "", problems); }),
              HasSubstr("is an evaluation set"));
  TrainingSetConfig list{"/absent.txt"};
  list.label.level = 2;
  EXPECT_THAT(usage_error([&] { open_images(list, "", problems); }), HasSubstr("for folders of images"));
}

TEST(TrainingFolder, IsFoundInTheFoldersOfFaceEvolve) {
  const TemporaryFolder folder;
  EXPECT_EQ(training_folder_in(folder.path()), "");
  fs::create_directories(folder / "ms1m_align_112/imgs");
  EXPECT_EQ(training_folder_in(folder.path()), "ms1m_align_112/imgs");
  fs::create_directories(folder / "imgs");
  EXPECT_EQ(training_folder_in(folder.path()), "imgs");
}

}  // namespace
}  // namespace facerec
