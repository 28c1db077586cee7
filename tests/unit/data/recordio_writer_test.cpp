// What is written as RecordIO: InsightFace's own bytes, however often the writing is cut off.
#include <gmock/gmock.h>

#include "data/pack_writer.h"
#include "facerec/core/error.h"
#include "support/images.h"
#include "unit/data/golden_records.h"

namespace facerec {
namespace {

using test::Copy;
using test::expect_images;
using test::TemporaryFolder;

// The images of a golden set, as they are to be written.
std::vector<PackItem> items_of(const Dataset& data) {
  std::vector<PackItem> items;
  for (int64_t i = 0; i < data.size(); ++i) {
    items.push_back({data.read(i).encoded, data.label(i), data.relative_path(i)});
  }
  return items;
}

std::vector<uint32_t> labels_of(const std::vector<PackItem>& items, size_t count) {
  std::vector<uint32_t> labels;
  for (size_t i = 0; i < count; ++i) labels.push_back(static_cast<uint32_t>(items[i].label));
  return labels;
}

void expect_equal_files(const fs::path& folder, const fs::path& expected) {
  for (const char* name : {"train.rec", "train.idx", "train.lst", "property"}) {
    EXPECT_TRUE(read_file(folder / name) == read_file(expected / name)) << name;
  }
}

TEST(RecordIoWriter, WritesWhatInsightFaceWrites) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy("recordio");
  const std::vector<PackItem> items = items_of(*copy.open());
  const TemporaryFolder folder;
  const auto writer = recordio_writer(folder / "new", {}, {});
  for (const PackItem& item : items) writer->append(item);
  EXPECT_FALSE(is_recordio(folder / "new"));
  writer->finish();
  expect_equal_files(folder / "new", test::formats() / "recordio");
  Problems problems;
  expect_images(*open_recordio(folder / "new", problems), test::manifest_of("recordio"));
}

// However often it is killed: sizes of a sync() are all that is left of a process.
TEST(RecordIoWriter, GoesOnWhereItWasKilled) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy("recordio");
  const std::vector<PackItem> items = items_of(*copy.open());
  const TemporaryFolder folder;
  std::vector<uint64_t> sizes;
  size_t synced = 0;
  for (size_t life = 0; synced < items.size(); ++life) {
    const auto writer = recordio_writer(folder.path(), labels_of(items, synced), sizes);
    size_t i = synced;
    for (; i < std::min(items.size(), synced + life); ++i) writer->append(items[i]);
    sizes = writer->sync();
    synced = i;
    for (; i < std::min(items.size(), synced + 3); ++i) writer->append(items[i]);  // lost
  }
  const std::vector<uint64_t> all = sizes;
  // Killed while the files got their names: the .rec, which is last, has none.
  recordio_writer(folder.path(), labels_of(items, items.size()), all)->finish();
  fs::rename(folder / "train.rec", folder / "train.rec.part");
  recordio_writer(folder.path(), labels_of(items, items.size()), all)->finish();
  expect_equal_files(folder.path(), test::formats() / "recordio");
}

TEST(RecordIoWriter, RefusesWhatWouldNotBeReadBack) {
  const TemporaryFolder folder;
  const std::vector<std::byte> png = encode_png(test::flat_image(8, 1, 2, 3));
  const std::vector<uint64_t> unknown{1, 2}, lost{100, 10, 10, 8, 8};
  EXPECT_THROW(recordio_writer(folder.path(), {0}, unknown), Error);
  EXPECT_THROW(recordio_writer(folder.path(), {0}, lost), Error);
  EXPECT_THROW(recordio_writer(folder / "none", {}, {})->finish(), Error);
  const auto writer = recordio_writer(folder.path(), {}, {});
  EXPECT_THROW(writer->append({{}, 0, "a/empty.jpg"}), Error);
  writer->append({png, 0, "a/1.png"});
  writer->append({png, 1, "b/1.png"});
  EXPECT_THROW(writer->append({png, 0, "a/2.png"}), Error);
  EXPECT_THROW(writer->append({png, (1 << 24) + 1, "z/1.png"}), Error);
  writer->finish();
  Problems problems;
  const auto data = open_recordio(folder.path(), problems);
  EXPECT_EQ(data->class_name(1), "b");
  EXPECT_EQ(load_image(*data, 1).width, 8);
}

}  // namespace
}  // namespace facerec
