// Data sets from one form into another.
#include "facerec/data/pack.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "support/images.h"
#include "support/manifest.h"
#include "unit/data/usage_error.h"

namespace facerec {
namespace {

using test::flat_image;
using test::TemporaryFolder;
using test::usage_error;
using testing::ElementsAre;
using testing::HasSubstr;

PackSummary pack(const fs::path& in, const fs::path& out, const std::string& format, PackOptions options = {}) {
  options.format = format;
  return pack_training_set({in.string()}, "", out, options, {});
}

std::shared_ptr<Dataset> open(const fs::path& path) {
  Problems problems;
  return open_images({path.string()}, "", problems);
}

// identity/file → bytes, without what is hidden.
std::map<std::string, std::string> visible_contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      files[entry.path().lexically_relative(folder).string()] = read_text(entry.path());
  }
  return files;
}

// Six images of three identities, of a JPEG, a PNG and a file without an image in it.
void make_set(const fs::path& folder) {
  for (const char* identity : {"anna", "김민준", "zoe b"}) {
    fs::create_directories(folder / identity);
    for (uint8_t i = 0; i < 3; ++i) {
      write_file(folder / identity / (std::to_string(i) + ".jpg"), encode_jpeg(flat_image(8, i, 20, 30), 90));
    }
    write_file(folder / identity / "p.png", encode_png(flat_image(8, 1, 20, 30)));
  }
}

TEST(Pack, EveryFormatKeepsBytesNamesAndIdentities) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  pack(folder / "in", folder / "rec", "recordio");
  pack(folder / "rec", folder / "a.tfrecord", "tfrecord");
  const PackSummary last = pack(folder / "a.tfrecord", folder / "out", "folder");
  EXPECT_EQ(last.images, 12);
  EXPECT_EQ(last.identities, 3);
  EXPECT_EQ(visible_contents(folder / "out"), visible_contents(folder / "in"));
  for (const char* set : {"in", "rec", "a.tfrecord", "out"}) {
    const auto data = open(folder / set);
    ASSERT_EQ(data->size(), 12) << set;
    EXPECT_EQ(data->class_name(2), "김민준") << set;
    EXPECT_EQ(data->relative_path(0), "anna/0.jpg") << set;
  }
}

TEST(Pack, TheGoldenFacesGoAroundUnchanged) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  pack(test::formats() / "folder", folder / "rec", "recordio");
  pack(folder / "rec", folder / "a.tfrecord", "tfrecord");
  pack(folder / "a.tfrecord", folder / "out", "folder");
  auto expected = visible_contents(test::formats() / "folder");
  expected.erase("list.txt");
  EXPECT_EQ(visible_contents(folder / "out"), expected);
}

TEST(Pack, AListNamesTheFilesWhereTheyAre) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  pack(folder / "in", folder / "lists/all.txt", "list");
  const auto data = open(folder / "lists/all.txt");
  EXPECT_EQ(data->size(), 12);
  EXPECT_EQ(data->classes(), 3);
  EXPECT_EQ(data->read(0).encoded, read_file(folder / "in/anna/0.jpg"));
  pack(folder / "in", folder / "rec", "recordio");
  EXPECT_THAT(usage_error([&] { pack(folder / "rec", folder / "rec.txt", "list"); }), HasSubstr("--to folder first"));
  fs::create_directory_symlink(folder / "lists", folder / "link");
  pack(folder / "link/all.txt", folder / "link/again.txt", "list");
  EXPECT_EQ(open(folder / "link/again.txt")->size(), 12);
}

TEST(Pack, DeepTreesKeepTheirImagesApart) {
  const TemporaryFolder folder;
  for (const char* path : {"High/1/S001/L1/E01/C1.png", "High/1/S001/L2/E01/C1.png", "Low/1/S001/L1/E01/C1.png"}) {
    test::write_png(folder / ("in/" + std::string(path)), flat_image(8, 1, 2, 3));
  }
  PackOptions options;
  options.format = "folder";
  TrainingSetConfig set{(folder / "in").string()};
  set.label.by = "kface";
  pack_training_set(set, "", folder / "out", options, {});
  std::vector<std::string> names;
  for (const auto& [name, bytes] : visible_contents(folder / "out")) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("1/High_S001_L1_E01_C1.png", "1/High_S001_L2_E01_C1.png", "1/Low_S001_L1_E01_C1.png"));
}

TEST(Pack, ImagesThatCannotBeReadAreLeftOutAndNamed) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  write_file(folder / "in/anna/1.jpg", "no image");
  const PackSummary summary = pack(folder / "in", folder / "rec", "recordio");
  EXPECT_EQ(summary.images, 11);
  ASSERT_EQ(summary.skipped.size(), 1U);
  EXPECT_THAT(summary.skipped[0].name, HasSubstr("anna/1.jpg"));
  EXPECT_EQ(open(folder / "rec")->size(), 11);
  PackOptions strict;
  strict.strict = true;
  EXPECT_THROW(pack(folder / "in", folder / "strict", "recordio", strict), Error);
}

TEST(Pack, ExcludesImagesAndIdentities) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  write_file(folder / "list", "anna/1.jpg\r\nzoe b\n");
  PackOptions options;
  options.exclude = (folder / "list").string();
  const PackSummary summary = pack(folder / "in", folder / "out", "folder", options);
  EXPECT_EQ(summary.excluded, 5);
  EXPECT_EQ(summary.images, 7);
  EXPECT_FALSE(fs::exists(folder / "out/zoe b"));
  write_file(folder / "list", "anna/1.jpg\nnobody\n");
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "other", "folder", options); }),
              HasSubstr("line 2: no image and no identity is called 'nobody'"));
}

TEST(Pack, NothingIsReplacedByAccident) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  pack(folder / "in", folder / "out", "folder");
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "out", "folder"); }), HasSubstr("--force"));
  PackOptions force, resume;
  force.force = resume.resume = true;
  EXPECT_TRUE(pack(folder / "in", folder / "out", "folder", resume).already_there);
  write_file(folder / "in/anna/9.jpg", encode_jpeg(flat_image(8, 5, 5, 5), 90));
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "out", "folder", resume); }),
              HasSubstr("with 12 images where 13"));
  pack(folder / "in", folder / "out", "folder", force);
  EXPECT_EQ(visible_contents(folder / "out"), visible_contents(folder / "in"));
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "out", "tfrecord", force); }), HasSubstr(".tfrecord"));
  fs::create_directory(folder / "a.tfrecord");
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "a.tfrecord", "tfrecord", force); }),
              HasSubstr("is a folder"));
}

// Folders that only look like identities, and files that only look like what was left over.
TEST(Pack, WhatIsNotItsOwnStays) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  make_set(folder / "home");
  PackOptions force;
  force.force = true;
  for (const char* format : {"folder", "recordio"}) {
    EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "home", format, force); }), HasSubstr("not replaced"));
  }
  fs::create_directories(folder / "new.part/precious");
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "new", "folder"); }), HasSubstr("in the way"));
  write_file(folder / "a.tfrecord.part", "precious");
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "a.tfrecord", "tfrecord"); }), HasSubstr("in the way"));
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "in/out", "folder"); }), HasSubstr("lies inside"));
  EXPECT_THAT(usage_error([&] { pack(folder / "in/anna", folder / "in", "recordio", force); }),
              HasSubstr("lies inside"));
  EXPECT_TRUE(fs::exists(folder / "home/anna/0.jpg") && fs::exists(folder / "new.part/precious"));
}

TEST(Pack, NamesOfIdentitiesCannotLeaveTheOutput) {
  const TemporaryFolder folder;
  write_file(folder / "x.png", encode_png(flat_image(8, 1, 2, 3)));
  const std::string absolute = (folder / "abs").string(), lengthy(300, 'n');
  std::string table = "file,identity\n";
  for (const std::string& name : {std::string(".."), std::string("."), absolute, std::string("F1/m1"),
                                  std::string("F1_m1"), std::string(".hidden"), lengthy, lengthy + "2"}) {
    table += "x.png," + name + "\n";
  }
  write_file(folder / "meta.csv", table);
  pack(folder / "meta.csv", folder / "out/o", "folder");
  EXPECT_EQ(open(folder / "out/o")->classes(), 8);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "out"), fs::directory_iterator()), 1);
  EXPECT_FALSE(fs::exists(absolute));
}

TEST(Pack, ImagesOfOneNameKeepApart) {
  const TemporaryFolder folder;
  for (const char* path : {"p/x.png", "p_x.png", "p_x_1.png", "p_x_2.png"}) {
    test::write_png(folder / path, flat_image(8, static_cast<uint8_t>(std::string(path).size()), 2, 3));
  }
  write_file(folder / "list.txt", "p_x_2.png 0\np/x.png 0\np_x.png 0\np_x_1.png 0\n");
  EXPECT_EQ(pack(folder / "list.txt", folder / "out", "folder").images, 4);
  EXPECT_EQ(visible_contents(folder / "out").size(), 4U);
}

// Ends as a killed process does, at the `blocks`-th block of images.
struct Killed {};
void kill_pack(const fs::path& in, const fs::path& out, PackOptions options, int blocks) {
  EXPECT_THROW(pack_training_set({in.string()}, "", out, options,
                                 [&](int64_t, int64_t) {
                                   if (--blocks == 0) throw Killed();
                                 }),
               Killed);
}

TEST(Pack, WhatWasBegunWithOtherInputIsNotContinued) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  PackOptions options;
  options.format = "tfrecord";
  kill_pack(folder / "in", folder / "a.tfrecord", options, 1);
  EXPECT_FALSE(fs::exists(folder / "a.tfrecord"));
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "a.tfrecord", "tfrecord"); }), HasSubstr("--resume"));
  options.resume = true;
  write_file(folder / "list.txt", "in/anna/0.jpg 0\n");
  EXPECT_THAT(usage_error([&] { pack(folder / "list.txt", folder / "a.tfrecord", "tfrecord", options); }),
              HasSubstr("other input"));
  fs::rename(folder / "in/anna/0.jpg", folder / "in/anna/8.jpg");
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "a.tfrecord", "tfrecord", options); }),
              HasSubstr("has changed"));
  fs::rename(folder / "in/anna/8.jpg", folder / "in/anna/0.jpg");
  EXPECT_EQ(pack(folder / "in", folder / "a.tfrecord", "tfrecord", options).images, 12);
  EXPECT_FALSE(fs::exists(folder / "a.tfrecord.pack"));
}

TEST(Pack, KilledBetweenTheLastNameAndTheEndItIsDone) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  const std::map<std::string, std::string> names{
      {"folder", "f"}, {"recordio", "r"}, {"tfrecord", "t.tfrecord"}, {"list", "l.txt"}};
  for (const auto& [format, name] : names) {
    const fs::path out = folder / name, kept = out.string() + ".pack";
    PackOptions options;
    options.format = format;
    kill_pack(folder / "in", out, options, 1);
    fs::copy(kept, folder / "copy", fs::copy_options::recursive);
    options.resume = true;
    pack(folder / "in", out, format, options);
    const std::string whole = fs::is_directory(out) ? "" : read_text(out);
    // As it stands when the process dies just before it forgets.
    std::string state = read_text(folder / "copy/state.json");
    state.replace(state.find("\"finishing\":false"), 17, "\"finishing\":true");
    state.replace(state.find("\"done\":0"), 8, "\"done\":12");
    fs::create_directory(kept);
    write_file(kept / "state.json", state);
    fs::remove_all(folder / "copy");
    pack(folder / "in", out, format, options);
    EXPECT_FALSE(fs::exists(kept)) << format;
    EXPECT_EQ(open(out)->size(), 12) << format;
    EXPECT_EQ(fs::is_directory(out) ? "" : read_text(out), whole) << format;
  }
}

TEST(Pack, OneOutputIsOfOneProcess) {
  const TemporaryFolder folder;
  make_set(folder / "in");
  fs::create_directory(folder / "out.pack");
  const FolderLock other(folder / "out.pack");
  PackOptions force;
  force.force = true;
  EXPECT_THAT(usage_error([&] { pack(folder / "in", folder / "out", "folder", force); }), HasSubstr("another process"));
}

TEST(Pack, AllThatIsLeftOutIsCounted) {
  const TemporaryFolder folder;
  write_file(folder / "x.png", encode_png(flat_image(8, 1, 2, 3)));
  std::string list = "x.png 0\nx.png 1\n";
  for (int i = 0; i < 1500; ++i) list += "absent.png 0\n";
  write_file(folder / "list.txt", list);
  const PackSummary summary = pack(folder / "list.txt", folder / "a.tfrecord", "tfrecord");
  EXPECT_EQ(summary.skipped_count, 1500);
  EXPECT_EQ(summary.skipped.size(), 1000U);
}

// ---- Evaluation sets

void make_people(const fs::path& folder, int identities, int images) {
  for (int identity = 0; identity < identities; ++identity) {
    for (int image = 0; image < images; ++image) {
      const std::string name = "p" + std::to_string(identity);
      test::write_png(folder / name / (std::to_string(image) + ".png"),
                      flat_image(112, static_cast<uint8_t>(identity), static_cast<uint8_t>(image), 0));
    }
  }
}

TEST(DrawPairs, FoldsAreBalancedAndShareNoIdentity) {
  const TemporaryFolder folder;
  make_people(folder / "in", 45, 4);
  const auto data = open(folder / "in");
  const PairSet set = draw_pairs(data, 200, 3);
  ASSERT_EQ(set.pairs.size(), 200U);
  std::map<uint16_t, int> same, different;
  std::map<std::string, std::set<uint16_t>> folds;
  std::set<std::pair<uint32_t, uint32_t>> drawn;
  for (size_t i = 0; i < set.pairs.size(); ++i) {
    const Pair& pair = set.pairs[i];
    EXPECT_EQ(pair.same, set.images->label(pair.a) == set.images->label(pair.b));
    EXPECT_NE(pair.a, pair.b);
    EXPECT_TRUE(drawn.insert(std::minmax(pair.a, pair.b)).second);
    ++(pair.same ? same : different)[set.fold[i]];
    for (const uint32_t image : {pair.a, pair.b}) {
      folds[set.images->class_name(set.images->label(image))].insert(set.fold[i]);
    }
  }
  for (uint16_t fold = 0; fold < 10; ++fold) {
    EXPECT_EQ(same[fold], 10);
    EXPECT_EQ(different[fold], 10);
  }
  for (const auto& [identity, of] : folds) EXPECT_EQ(of.size(), 1U) << identity;
  const PairSet again = draw_pairs(data, 200, 3), other = draw_pairs(data, 200, 4);
  auto ends = [](const PairSet& pairs) {
    std::vector<std::string> names;
    for (const Pair& pair : pairs.pairs) names.push_back(pairs.images->name(pair.a) + pairs.images->name(pair.b));
    return names;
  };
  EXPECT_EQ(ends(again), ends(set));
  EXPECT_NE(ends(other), ends(set));
}

TEST(DrawPairs, SaysWhenThereAreTooFewImages) {
  const TemporaryFolder folder;
  make_people(folder / "in", 20, 2);
  const auto data = open(folder / "in");
  EXPECT_EQ(draw_pairs(data, 40, 1).pairs.size(), 40U);
  EXPECT_THAT(usage_error([&] { draw_pairs(data, 60, 1); }), HasSubstr("gives 2 same pairs"));
  EXPECT_THAT(usage_error([&] { draw_pairs(data, 50, 1); }), HasSubstr("multiple of 20"));
}

// Pixels and flags of every pair, in order.
std::vector<std::pair<std::vector<uint8_t>, bool>> pixels(const fs::path& set) {
  std::vector<std::pair<std::vector<uint8_t>, bool>> all;
  for (const PairSet& each : open_evaluation_sets(set, "", "", false)) {
    for (const Pair& pair : each.pairs) {
      all.emplace_back(load_image(*each.images, pair.a).rgb, pair.same);
      all.emplace_back(load_image(*each.images, pair.b).rgb, pair.same);
    }
  }
  return all;
}

TEST(PackEvaluationSet, GoesThroughEveryFormat) {
  const TemporaryFolder folder;
  make_people(folder / "in", 30, 3);
  const PairSet drawn = draw_pairs(open(folder / "in"), 60, 1);
  PackOptions options;
  auto into = [&](const PairSet& set, const char* name, const char* format) {
    options.format = format;
    EXPECT_EQ(pack_evaluation_set(set, folder / name, options, {}).pairs, 60);
    return open_evaluation_sets(folder / name, "", "", false).front();
  };
  const PairSet from_folder = into(drawn, "a", "folder");
  const PairSet from_bin = into(from_folder, "b.bin", "bin");
  const PairSet from_bcolz = into(from_bin, "c", "bcolz");
  const PairSet again = into(from_bcolz, "d", "folder");
  EXPECT_THAT(read_text(folder / "a/pairs.txt"), testing::StartsWith("10\t3\n"));
  EXPECT_EQ(std::set<uint16_t>(from_folder.fold.begin(), from_folder.fold.end()).size(), 10U);
  for (const char* name : {"b.bin", "c", "d"}) EXPECT_EQ(pixels(folder / name), pixels(folder / "a")) << name;
  EXPECT_THAT(usage_error([&] { pack_evaluation_set(drawn, folder / "b.bin", options, {}); }), HasSubstr("--force"));
  options.format = "bcolz";
  write_file(folder / "e_list.npy", "precious");
  EXPECT_THAT(usage_error([&] { pack_evaluation_set(drawn, folder / "e", options, {}); }), HasSubstr("e_list.npy"));
}

TEST(PackEvaluationSet, DamagedImagesAreNotHandedOn) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  const auto sets = open_evaluation_sets(test::formats() / "corrupt/bin/jpeg_garbage.bin", "", "", false);
  PackOptions options;
  options.format = "bin";
  try {
    pack_evaluation_set(sets.front(), folder / "a.bin", options, {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), HasSubstr("jpeg_garbage.bin#1"));
  }
  EXPECT_FALSE(fs::exists(folder / "a.bin"));
}

}  // namespace
}  // namespace facerec
