// A gallery: what is promised of the file, of changes and of the search.
#include "facerec/gallery/gallery.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <thread>

#include "unit/gallery/galleries.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(GalleryTest, PeopleAreKept) {
  {
    Gallery gallery = open();
    add(gallery, "b", 1);
    add(gallery, "a", 2);
    EXPECT_EQ(add(gallery, "b", 3), gallery.find("b")->id);
  }
  const Gallery gallery(file_);
  EXPECT_EQ(gallery.model(), model);
  EXPECT_EQ(gallery.size(), 2);
  EXPECT_EQ(gallery.images(), 3);
  EXPECT_EQ(gallery.generation(), 3);
  const std::vector<Person> people = gallery.people();
  ASSERT_EQ(people.size(), 2U);
  EXPECT_EQ(people[0].name, "a");
  EXPECT_EQ(people[1].images, 2);
  EXPECT_EQ(gallery.person(people[1].id).name, "b");
  EXPECT_EQ(gallery.owner("sha2")->name, "a");
  EXPECT_FALSE(gallery.owner("sha4"));
  std::vector<std::string> sources;
  gallery.each_image([&](const StoredImage& image) {
    sources.push_back(image.source);
    EXPECT_EQ(image.embedding, unit_vector(static_cast<uint64_t>(image.id)));
    return true;
  });
  EXPECT_THAT(sources, testing::ElementsAre("1.jpg", "2.jpg", "3.jpg"));
}

TEST_F(GalleryTest, ATemplateIsTheMeanWeightedByQuality) {
  Gallery gallery = open();
  const int64_t person = add(gallery, "a", 1, 3);
  add(gallery, "a", 2, 1);
  add(gallery, "b", 3);
  const std::vector<float> x = unit_vector(1), y = unit_vector(2);
  double square = 0, dot = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double sum = 3.0 * x[i] + 1.0 * y[i];
    square += sum * sum;
    dot += sum * x[i];
  }
  const auto found = gallery.search(x, 1, 5);
  ASSERT_EQ(found.at(0).size(), 2U);
  EXPECT_EQ(found[0][0].id, person);
  EXPECT_NEAR(found[0][0].cosine, dot / std::sqrt(square), 1e-6);
}

TEST_F(GalleryTest, TheSearchFollowsEveryChange) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  const int64_t b = add(gallery, "b", 2);
  EXPECT_EQ(gallery.search(unit_vector(2), 1, 1)[0][0].id, b);
  Gallery other(file_);  // as another process
  other.remove("b");
  EXPECT_EQ(gallery.search(unit_vector(2), 1, 5)[0].size(), 1U);
  const int64_t again = add(other, "b", 2);
  EXPECT_NE(again, b);
  EXPECT_EQ(gallery.search(unit_vector(2), 1, 1)[0][0].id, again);
  EXPECT_TRUE(fs::exists(matrix_));
}

TEST_F(GalleryTest, AnEmptyGalleryIsSearchedToo) {
  const Gallery gallery = open();
  EXPECT_EQ(gallery.search(unit_vector(1), 1, 3), (std::vector<std::vector<Match>>(1)));
}

// A derived file of one copy is none of another that has gone its own way since, though both changed as often.
TEST_F(GalleryTest, CopiesThatPartWaysAreToldApart) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  fs::copy(file_, folder_ / "copy");
  Gallery copy(folder_ / "copy");
  add(gallery, "b", 2);
  add(copy, "c", 3);
  gallery.search(unit_vector(1), 1, 1);
  fs::copy(matrix_, folder_ / "copy.matrix");
  EXPECT_NEAR(copy.search(unit_vector(3), 1, 1)[0][0].cosine, 1, 1e-5);
}

TEST_F(GalleryTest, NoByteOfWhatIsRemovedStays) {
  Gallery gallery = open();
  gallery.transaction([&] {
    for (uint64_t i = 0; i < 60; ++i) add(gallery, "person " + std::to_string(i / 3), i);
  });
  gallery.search(unit_vector(0), 1, 1);
  ASSERT_TRUE(holds(file_, unit_vector(31)));
  write_file(folder_ / ".g.matrix.facerec-tmp-1-0", "of a process that was killed");
  gallery.remove("person 10");
  gallery.remove_image(17);  // of seed 16
  EXPECT_FALSE(fs::exists(matrix_));
  EXPECT_FALSE(fs::exists(folder_ / ".g.matrix.facerec-tmp-1-0"));
  gallery.search(unit_vector(0), 1, 1);
  for (const uint64_t seed : {30, 31, 32, 16}) {
    EXPECT_FALSE(holds(file_, unit_vector(seed))) << seed;
    EXPECT_FALSE(holds(matrix_, unit_vector(seed))) << seed;
  }
  EXPECT_THAT(read_text(file_), Not(HasSubstr("person 10")));
  EXPECT_TRUE(holds(file_, unit_vector(33)));
  EXPECT_EQ(gallery.size(), 19);
  EXPECT_EQ(gallery.images(), 56);
}

TEST_F(GalleryTest, APersonGoesWithTheLastImage) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  gallery.remove_image(1);
  EXPECT_EQ(gallery.size(), 0);
  EXPECT_FALSE(gallery.find("a"));
  EXPECT_THROW(gallery.remove_image(1), Error);
}

TEST_F(GalleryTest, RenamesAndMerges) {
  Gallery gallery = open();
  const int64_t a = add(gallery, "a", 1);
  const int64_t b = add(gallery, "b", 2);
  gallery.rename("a", "c");
  EXPECT_EQ(gallery.find("c")->id, a);
  EXPECT_THROW(gallery.rename("c", "b"), Error);
  gallery.rename("c", "b", true);
  EXPECT_EQ(gallery.size(), 1);
  EXPECT_EQ(gallery.person(b).images, 2);
  EXPECT_NEAR(gallery.search(unit_vector(1), 1, 1)[0][0].cosine, std::sqrt(0.5), 0.1);
}

TEST_F(GalleryTest, WhatIsRemovedIsGoneFromTheFileAndTheFileShrinks) {
  Gallery gallery = open();
  for (uint64_t seed = 1; seed <= 300; ++seed) add(gallery, "person " + std::to_string(seed), seed);
  const auto full = fs::file_size(gallery.file());
  gallery.transaction([&] {
    for (uint64_t seed = 2; seed <= 300; ++seed) gallery.remove("person " + std::to_string(seed));
  });
  const std::string removed = read_text(gallery.file());
  EXPECT_EQ(removed.find("person 25"), std::string::npos);
  EXPECT_EQ(removed.size(), full);
  gallery.shrink();
  EXPECT_LT(fs::file_size(gallery.file()), full / 2);
  EXPECT_EQ(gallery.people().size(), 1U);
  const std::vector<float> kept = unit_vector(1);
  EXPECT_NEAR(gallery.search(kept, 1, 1)[0][0].cosine, 1, 1e-3);
  EXPECT_EQ(open().find("person 1")->images, 1);
}

TEST_F(GalleryTest, AFailedTransactionChangesNothing) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  EXPECT_THROW(gallery.transaction([&] {
    add(gallery, "b", 2);
    gallery.remove("a");
    add(gallery, "c", 2);  // the image of b
  }),
               Error);
  EXPECT_EQ(gallery.generation(), 1);
  EXPECT_EQ(gallery.people().size(), 1U);
  EXPECT_TRUE(gallery.find("a"));
}

TEST_F(GalleryTest, UnknownNamesAreAnsweredWithTheNearest) {
  Gallery gallery = open();
  add(gallery, "Johanna", 1);
  try {
    gallery.remove("Johana");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_EQ(error.hint(), "did you mean 'Johanna'?");
  }
}

TEST_F(GalleryTest, NamesOfEveryKind) {
  Gallery gallery = open();
  uint64_t seed = 0;
  for (const std::string& name :
       {std::string("Robert'); DROP TABLE people;--"), std::string("a/b\\\"c\""), std::string("محمد علي"),
        std::string("דוד"), std::string(300, 'x'), std::string(1000, 'y'), std::string("%s _ *")}) {
    add(gallery, name, ++seed);
    EXPECT_EQ(gallery.find(name)->name, name);
  }
  for (const std::string& name :
       {std::string(), std::string(" a"), std::string("a "), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\xFF"), std::string(1001, 'x'), std::string("a\xC2\x85") + "b"}) {
    EXPECT_THROW(add(gallery, name, ++seed), Error) << name;
  }
  EXPECT_EQ(gallery.size(), 7);
}

TEST_F(GalleryTest, EmbeddingsThatCannotBeAreRefused) {
  Gallery gallery = open();
  std::vector<float> embedding = unit_vector(1);
  const auto add_it = [&] {
    const EnrolledImage image{"1.jpg", "sha", embedding, 1};
    gallery.add("a", {&image, 1});
  };
  embedding[0] = NAN;
  EXPECT_THROW(add_it(), Error);
  embedding.assign(dimension, 1);
  EXPECT_THROW(add_it(), Error);
  embedding = unit_vector(1);
  embedding.pop_back();
  EXPECT_THROW(add_it(), Error);
  EXPECT_EQ(gallery.size(), 0);
}

TEST_F(GalleryTest, AnotherModelOrRuleIsRefused) {
  open();
  GalleryModel other = model;
  other.identity = std::string(64, 'b');
  try {
    Gallery::open_or_create(file_, other);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_THAT(error.message(), HasSubstr("aaaaaaaaaaaa"));
    EXPECT_THAT(error.message(), HasSubstr("bbbbbbbbbbbb"));
  }
  other = model;
  other.rule = EmbeddingRule::flip_sum;
  EXPECT_THROW(Gallery::open_or_create(file_, other), Error);
}

TEST_F(GalleryTest, CountsAreThoseOfItsTables) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  execute(file_, "UPDATE gallery SET people = 9000000000000000000, images = -1");
  EXPECT_EQ(gallery.size(), 1);
  EXPECT_EQ(gallery.images(), 1);
}

TEST_F(GalleryTest, ALinkToItLeavesNothingBehind) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  fs::create_directory(folder_ / "elsewhere");
  fs::create_symlink(file_, folder_ / "elsewhere/link");
  Gallery(folder_ / "elsewhere/link").search(unit_vector(1), 1, 1);
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere/link.matrix"));
  EXPECT_TRUE(fs::exists(matrix_));
  gallery.remove("a");
  EXPECT_FALSE(fs::exists(matrix_));
}

// Whatever bytes change: an Error or an answer, never a crash.
TEST_F(GalleryTest, ALockedGalleryIsToldAfterAWhile) {
  open();
  sqlite3* other = nullptr;
  sqlite3_open(file_.c_str(), &other);
  sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
  EXPECT_THAT(refusal(file_), HasSubstr("is locked"));
  sqlite3_close(other);
  EXPECT_EQ(refusal(file_), "none");
}

TEST_F(GalleryTest, ReadersAndWritersWaitForEachOther) {
  open();
  std::thread writer([&] {
    Gallery gallery(file_);
    for (uint64_t i = 0; i < 20; ++i) add(gallery, std::to_string(i), i);
  });
  std::thread other([&] {
    Gallery gallery(file_);
    for (uint64_t i = 20; i < 40; ++i) add(gallery, std::to_string(i), i);
  });
  const Gallery gallery(file_);
  for (int64_t people = 0; people < 40;) {
    people = static_cast<int64_t>(gallery.search(unit_vector(1), 1, 100)[0].size());
    EXPECT_LE(people, gallery.size());
  }
  writer.join();
  other.join();
  EXPECT_EQ(gallery.images(), 40);
  EXPECT_EQ(gallery.generation(), 40);
}

TEST_F(GalleryTest, OneFileIsLeftBehind) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, testing::ElementsAre("g"));
}

// A place that takes no file: the next one is used.
TEST_F(GalleryTest, TemplatesNeedNoPlaceBesideTheGallery) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  fs::create_directories(matrix_ / "in the way");
  for (const char* cache : {"cache", "g/no folder"}) {
    setenv("XDG_CACHE_HOME", (folder_ / cache).c_str(), 1);
    EXPECT_NEAR(Gallery(file_).search(unit_vector(1), 1, 1)[0][0].cosine, 1, 1e-5);
  }
  EXPECT_TRUE(fs::exists(folder_ / "cache/facerec"));
  EXPECT_FALSE(fs::is_empty(folder_ / "cache/facerec"));
  fs::remove_all(matrix_);
  setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  Gallery(file_).remove("a");
  EXPECT_TRUE(fs::is_empty(folder_ / "cache/facerec"));
  unsetenv("XDG_CACHE_HOME");
}

TEST_F(GalleryTest, ExportsAllOfIt) {
  Gallery gallery = open();
  add(gallery, "say \"hi\", you", 1, 2.5F);
  add(gallery, "b", 2);
  export_gallery(gallery, folder_ / "out.json");
  const nlohmann::json json = load_json(folder_ / "out.json");
  EXPECT_EQ(json.at("model").at("identity"), model.identity);
  ASSERT_EQ(json.at("images").size(), 2U);
  EXPECT_EQ(json["images"][0].at("name"), "say \"hi\", you");
  EXPECT_EQ(json["images"][0].at("quality"), 2.5);
  EXPECT_EQ(json["images"][1].at("embedding").get<std::vector<float>>(), unit_vector(2));
  export_gallery(gallery, folder_ / "out.csv");
  const std::string csv = read_text(folder_ / "out.csv");
  EXPECT_THAT(csv, HasSubstr("person,name,image,source,sha256,quality,e0,"));
  EXPECT_THAT(csv, HasSubstr("\n1,\"say \"\"hi\"\", you\",1,1.jpg,sha1,2.5,"));
  EXPECT_THROW(export_gallery(gallery, folder_ / "out.txt"), Error);
}

}  // namespace
}  // namespace facerec::test
