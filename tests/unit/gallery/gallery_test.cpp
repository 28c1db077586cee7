// A gallery: what is promised of the file, of changes and of the search.
#include "facerec/gallery/gallery.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t dimension = 128;

std::vector<float> unit_vector(uint64_t seed) {
  Random random("gallery_test", {seed});
  std::vector<float> vector(dimension);
  double square = 0;
  for (float& value : vector) square += std::pow(value = static_cast<float>(random.normal(0, 1)), 2);
  for (float& value : vector) value /= static_cast<float>(std::sqrt(square));
  return vector;
}

const GalleryModel model{.identity = std::string(64, 'a'), .architecture = "net", .path = "/m.pt", .dimension = 128};

class GalleryTest : public testing::Test {
 protected:
  Gallery open() const { return Gallery::open_or_create(file_, model); }

  // An image of `name` with the embedding unit_vector(seed).
  static int64_t add(Gallery& gallery, const std::string& name, uint64_t seed, float quality = 1) {
    const std::vector<float> embedding = unit_vector(seed);
    const EnrolledImage image{std::to_string(seed) + ".jpg", "sha" + std::to_string(seed), embedding, quality};
    return gallery.add(name, {&image, 1});
  }

  bool holds(const fs::path& file, const std::vector<float>& embedding) const {
    const std::string bytes = read_text(file);
    const std::string_view all(reinterpret_cast<const char*>(embedding.data()), embedding.size() * sizeof(float));
    for (size_t i = 0; i + 16 <= all.size(); i += 16) {
      if (bytes.find(all.substr(i, 16)) != std::string::npos) return true;
    }
    return false;
  }

  std::string refusal(const fs::path& file) const {
    try {
      const Gallery gallery(file);
      (void)gallery.people();
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  const TemporaryFolder folder_;
  const fs::path file_ = folder_ / "g", matrix_ = folder_ / "g.matrix";
};

void execute(const fs::path& file, const char* sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &connection), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(connection);
  sqlite3_close(connection);
}

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

TEST_F(GalleryTest, WhatIsNoGalleryIsNamed) {
  EXPECT_THAT(refusal(folder_ / "absent"), HasSubstr("there is no such gallery"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("is not a file"));
  write_file(folder_ / "x.png",
             "\x89PNG\r\n\x1a\n and so on, for more than a hundred bytes of something else ............"
             "..........................................................");
  EXPECT_THAT(refusal(folder_ / "x.png"), HasSubstr("not an SQLite file"));
  write_file(folder_ / "empty", "");
  EXPECT_THAT(refusal(folder_ / "empty"), HasSubstr("is an empty file"));
  execute(folder_ / "foreign", "CREATE TABLE people(id, name)");
  EXPECT_THAT(refusal(folder_ / "foreign"), HasSubstr("another program"));
  EXPECT_THROW(Gallery::open_or_create(folder_ / "foreign", model), Error);
  EXPECT_THROW(Gallery::open_or_create(folder_ / "x.png", model), Error);
}

TEST_F(GalleryTest, ImagesThatCannotBeAreNamed) {
  for (const char* damage :
       {"UPDATE images SET person = -5 WHERE id = 2", "UPDATE images SET person = 1.5 WHERE id = 2",
        "UPDATE images SET quality = 1e308 WHERE id = 2"}) {
    fs::remove(file_);
    Gallery gallery = open();
    add(gallery, "a", 1);
    add(gallery, "b", 2);
    execute(file_, damage);
    try {
      gallery.search(unit_vector(1), 1, 1);
      FAIL() << damage;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr("is damaged")) << damage;
      EXPECT_THAT(error.message(), HasSubstr("image 2")) << damage;
      EXPECT_EQ(error.file(), file_.string());
    }
  }
}

TEST_F(GalleryTest, DamagedDerivedFilesAreMadeAgain) {
  Gallery gallery = open();
  gallery.transaction([&] {
    for (uint64_t i = 0; i < 100; ++i) add(gallery, std::to_string(i), i);
  });
  const std::vector<float> query = unit_vector(7);
  const auto expected = gallery.search(query, 1, 3);
  gallery.search_index(query, 1, 3);
  const std::string whole = read_text(matrix_), index = read_text(folder_ / "g.index");
  for (const float factor : {4.F, NAN}) {
    std::string damaged = whole;
    std::vector<float> rows(100 * dimension);  // the last part
    char* const place = damaged.data() + damaged.size() - rows.size() * sizeof(float);
    std::memcpy(rows.data(), place, rows.size() * sizeof(float));
    for (float& value : rows) value *= factor;
    std::memcpy(place, rows.data(), rows.size() * sizeof(float));
    const auto damage = [&](bool with_index) {
      write_file(matrix_, damaged);
      if (with_index) fs::remove(folder_ / "g.index");
      return Gallery(file_);
    };
    EXPECT_EQ(damage(false).search(query, 1, 3), expected);
    EXPECT_EQ(read_text(matrix_), whole);
    EXPECT_EQ(damage(false).search_people(query, 1, 1)[0][0].person.name, "7");
    for (const bool with_index : {false, true}) {
      EXPECT_EQ(damage(with_index).search_index(query, 1, 1)[0][0], expected[0][0]);
      EXPECT_EQ(damage(with_index).index_recall(10, 3).queries, 10);
      EXPECT_EQ(read_text(matrix_), whole);
      EXPECT_EQ(read_text(folder_ / "g.index"), index);
    }
  }
}

TEST_F(GalleryTest, CountsAreThoseOfItsTables) {
  Gallery gallery = open();
  add(gallery, "a", 1);
  execute(file_, "UPDATE gallery SET people = 9000000000000000000, images = -1");
  EXPECT_EQ(gallery.size(), 1);
  EXPECT_EQ(gallery.images(), 1);
}

TEST_F(GalleryTest, TextsThatWouldForgeLinesAreNotGivenOut) {
  Gallery gallery = open();
  const int64_t id = add(gallery, "a", 1);
  execute(file_, "UPDATE images SET source = 'x' || char(10, 27) || 'y'");
  gallery.each_image([&](const StoredImage& image) {
    EXPECT_EQ(image.source, "x??y");
    return true;
  });
  execute(file_, "UPDATE people SET name = 'a' || char(27) || '[2J'");
  EXPECT_THROW((void)gallery.person(id), Error);
  EXPECT_THAT(refusal(file_), HasSubstr("is damaged: person 1: 'a?[2J'"));
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

TEST_F(GalleryTest, AnotherVersionAndAHostileSchemaAreRefused) {
  open();
  execute(file_, "PRAGMA user_version = 2");
  EXPECT_THAT(refusal(file_), HasSubstr("version 2"));
  execute(
      file_,
      "PRAGMA user_version = 1; ALTER TABLE people RENAME TO p; "
      "CREATE VIEW people AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id FROM r) SELECT id, '' name FROM r");
  EXPECT_THAT(refusal(file_), HasSubstr("not those of a gallery"));
}

TEST_F(GalleryTest, TruncationAndDamageAreNamed) {
  Gallery gallery = open();
  gallery.transaction([&] {
    for (uint64_t i = 0; i < 100; ++i) add(gallery, "a", i);
  });
  const std::string whole = read_text(file_);
  for (const size_t size : {size_t{50}, size_t{4096}, whole.size() / 2, whole.size() - 1}) {
    write_file(folder_ / "cut", whole.substr(0, size));
    EXPECT_THAT(refusal(folder_ / "cut"), testing::AnyOf(HasSubstr("is damaged"), HasSubstr("is no gallery"))) << size;
  }
  execute(file_, "UPDATE images SET embedding = zeroblob(12) WHERE id = 7");
  EXPECT_THROW(Gallery(file_).search(unit_vector(1), 1, 1), Error);
  execute(file_, "UPDATE gallery SET dimension = 1000000000000");
  EXPECT_THAT(refusal(file_), HasSubstr("is damaged"));
}

// Whatever bytes change: an Error or an answer, never a crash.
TEST_F(GalleryTest, DamagedPagesDoNotCrash) {
  Gallery gallery = open();
  gallery.transaction([&] {
    for (uint64_t i = 0; i < 30; ++i) add(gallery, std::to_string(i), i);
  });
  const std::string whole = read_text(file_);
  Random random("damage", {1});
  for (int i = 0; i < 100; ++i) {
    std::string bytes = whole;
    for (int j = 0; j < 20; ++j) bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    std::ofstream(folder_ / "damaged", std::ios::binary) << bytes;
    try {
      const Gallery damaged(folder_ / "damaged");
      (void)damaged.people();
      damaged.search(unit_vector(1), 1, 1);
    } catch (const Error& error) {
      EXPECT_NE(error.file(), "");
    }
  }
}

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
