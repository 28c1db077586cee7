// Files that are no galleries, damaged ones and hostile ones.
#include <gmock/gmock.h>

#include <cstring>

#include "unit/gallery/galleries.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace facerec::test
