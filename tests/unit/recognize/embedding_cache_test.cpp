#include "facerec/recognize/embedding_cache.h"

#include <gmock/gmock.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "support/images.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::TemporaryFolder;

const nlohmann::ordered_json what = {{"model", "m"}, {"data", "d"}};

CachedEmbeddings some() {
  CachedEmbeddings cached;
  cached.embeddings.dimension = 2;
  cached.embeddings.original = {1, 2, 3, 4};
  cached.embeddings.flipped = {5, 6, 7, 8};
  cached.embeddings.broken = {1};
  cached.centred = {"a.jpg"};
  return cached;
}

std::vector<fs::path> files_below(const fs::path& folder) {
  return {fs::directory_iterator(folder), fs::directory_iterator()};
}

TEST(EmbeddingCacheTest, GivesBackWhatItKept) {
  const TemporaryFolder folder;
  const EmbeddingCache cache(folder / "cache");
  EXPECT_FALSE(cache.find(what));
  ASSERT_TRUE(cache.keep(what, some()));
  const auto found = cache.find(what);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->embeddings.dimension, 2U);
  EXPECT_EQ(found->embeddings.original, some().embeddings.original);
  EXPECT_EQ(found->embeddings.flipped, some().embeddings.flipped);
  EXPECT_EQ(found->embeddings.broken, some().embeddings.broken);
  EXPECT_EQ(found->centred, some().centred);
  EXPECT_FALSE(cache.find({{"model", "m"}, {"data", "other"}}));
}

TEST(EmbeddingCacheTest, ADamagedFileIsNone) {
  const TemporaryFolder folder;
  const EmbeddingCache cache(folder / "cache");
  cache.keep(what, some());
  const fs::path file = files_below(folder / "cache").front();
  for (const uintmax_t size : {fs::file_size(file) - 1, uintmax_t{9}, uintmax_t{0}}) {
    fs::resize_file(file, size);
    EXPECT_FALSE(cache.find(what)) << size;
  }
}

TEST(EmbeddingCacheTest, AFolderThatCannotBeWrittenIsNoError) {
  const TemporaryFolder folder;
  write_file(folder / "file", "");
  EXPECT_FALSE(EmbeddingCache(folder / "file").keep(what, some()));
  EXPECT_FALSE(EmbeddingCache("").keep(what, some()));
  EXPECT_FALSE(EmbeddingCache("").find(what));
}

TEST(EmbeddingCacheTest, TheLeastRecentlyUsedGoesFirst) {
  const TemporaryFolder folder;
  EmbeddingCache(folder / "cache").keep({{"n", 1}}, some());
  EmbeddingCache(folder / "cache").keep({{"n", 2}}, some());
  for (const fs::path& file : files_below(folder / "cache")) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  const uint64_t size = fs::file_size(files_below(folder / "cache").front());
  const EmbeddingCache cache(folder / "cache", 2 * size + 16);
  ASSERT_TRUE(cache.find({{"n", 1}}));
  cache.keep({{"n", 3}}, some());
  EXPECT_TRUE(cache.find({{"n", 1}}));
  EXPECT_FALSE(cache.find({{"n", 2}}));
  EXPECT_TRUE(cache.find({{"n", 3}}));
}

TEST(ContentIdentity, IsThatOfThePixelsAndTheirOrder) {
  const TemporaryFolder folder;
  test::write_png(folder / "a/1.png", test::flat_image(8, 1, 2, 3));
  test::write_png(folder / "b/2.png", test::flat_image(8, 4, 5, 6));
  const std::string before = content_identity(*open_image_folder(folder.path()), 2);
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(content_identity(*open_image_folder(folder.path()), 1), before);
  test::write_png(folder / "b/2.png", test::flat_image(8, 4, 5, 7));
  EXPECT_NE(content_identity(*open_image_folder(folder.path()), 1), before);
}

}  // namespace
}  // namespace facerec
