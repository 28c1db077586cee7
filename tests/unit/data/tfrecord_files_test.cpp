// Compressed record files, and those that we write.
#include <gmock/gmock.h>

#include "data/pack_writer.h"
#include "unit/data/tfrecord_sets.h"
#include "unit/io/allocations.h"

namespace facerec::tfrecord {
namespace {

using testing::HasSubstr;

class CompressedTfRecord : public TfRecordSetTest {
 protected:
  fs::path gzip() { return copy(test::formats() / "tfrecord/train_bin_gzip.tfrecord.gz"); }
};

TEST_F(CompressedTfRecord, IsUnpackedOnceForEachChange) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path path = gzip(), unpacked = path.string() + ".facerec-unpacked";
  EXPECT_EQ(open(path)->size(), 32);
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(10);
  fs::last_write_time(unpacked, long_ago);
  EXPECT_EQ(open(path)->size(), 32);
  EXPECT_EQ(fs::last_write_time(unpacked), long_ago);
  fs::last_write_time(path, long_ago);
  EXPECT_EQ(open(path)->size(), 32);
  EXPECT_NE(fs::last_write_time(unpacked), long_ago);
  fs::copy_file(test::formats() / "tfrecord/train_bin_zlib.tfrecord", path, fs::copy_options::overwrite_existing);
  fs::last_write_time(path, long_ago);
  EXPECT_EQ(open(path)->size(), 4);
  fs::resize_file(unpacked, 100);
  EXPECT_EQ(open(path)->size(), 4);
  EXPECT_EQ(load_image(*open(path), 3).width, 112);
}

TEST_F(CompressedTfRecord, IsUnpackedIntoTheCacheWhereItsFolderTakesNothing) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path path = gzip();
  fs::create_directory(path.string() + ".facerec-unpacked");
  EXPECT_EQ(load_image(*open(path), 31).width, 112);
  EXPECT_FALSE(fs::is_empty(folder / "cache/facerec"));
  fs::remove_all(folder / "cache");
  write("cache", "a file");
  const Error error = error_of([&] { open(path); });
  EXPECT_THAT(error.message(), HasSubstr("no place to unpack it"));
  EXPECT_EQ(error.file(), path);
}

TEST_F(CompressedTfRecord, MayHoldNothing) {
  using namespace std::string_literals;
  const fs::path path = write("a.tfrecord.gz", "\x1F\x8B\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0"s);
  const Error error = error_of([&] { open(path); });
  EXPECT_EQ(error.message(), "holds no records");
  EXPECT_EQ(error.file(), path);
}

class TfRecordWriter : public TfRecordSetTest {
 protected:
  static PackItem item(const Dataset& data, int64_t i) {
    return {data.read(i).encoded, std::stoll(data.class_name(data.label(i))), data.relative_path(i)};
  }
};

TEST_F(TfRecordWriter, WritesWhatTensorFlowWrites) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path path = copy(test::formats() / "tfrecord/train_bin.tfrecord"), mine = folder / "mine.tfrecord";
  const auto data = open(path);
  const auto writer = tfrecord_writer(mine, {});
  for (int64_t i = 0; i < data->size(); ++i) writer->append(item(*data, i));
  EXPECT_FALSE(fs::exists(mine));
  writer->finish();
  EXPECT_TRUE(content_of(mine) == content_of(path));
}

TEST_F(TfRecordWriter, GoesOnFromWhatIsOnTheDisk) {
  const fs::path path = folder / "a.tfrecord";
  const auto image = [](const std::string& content, const std::string& name) {
    const auto bytes = std::as_bytes(std::span(content));
    return PackItem{{bytes.begin(), bytes.end()}, 300, name};
  };
  std::vector<uint64_t> sizes;
  {
    const auto writer = tfrecord_writer(path, {});
    writer->append(image("first", "300/1.jpg"));
    sizes = writer->sync();
    writer->append(image("lost", "300/2.jpg"));
    writer->sync();
  }
  EXPECT_FALSE(fs::exists(path));
  {
    const auto writer = tfrecord_writer(path, sizes);
    writer->append(image("second", "300/2.jpg"));
    writer->finish();
  }
  const auto data = open(path);
  ASSERT_EQ(data->size(), 2);
  EXPECT_EQ(encoded_of(*data, 0), "first");
  EXPECT_EQ(encoded_of(*data, 1), "second");
  EXPECT_EQ(data->relative_path(1), "300/2.jpg");
  const auto writer = tfrecord_writer(folder / "b.tfrecord", {});
  const Error error = error_of([&] { writer->append({std::vector<std::byte>(max_tf_record), 0, "0/huge.jpg"}); });
  EXPECT_EQ(error.file(), "0/huge.jpg");
}

}  // namespace
}  // namespace facerec::tfrecord
