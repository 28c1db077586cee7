// Training sets in TensorFlow's record files, against the golden ones.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <map>
#include <set>

#include "data/pack_writer.h"
#include "unit/data/tfrecord_sets.h"
#include "unit/io/allocations.h"

namespace facerec::tfrecord {
namespace {

using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

class GoldenTfRecord : public TfRecordSetTest, public testing::WithParamInterface<const char*> {};

TEST_P(GoldenTfRecord, IsWhatTheManifestSays) {
  FACEREC_NEEDS_TEST_DATA();
  const nlohmann::json& golden = test::manifest_of(GetParam());
  const fs::path path = copy(test::formats() / GetParam());
  fs::copy(test::formats() / "folder", folder / "folder", fs::copy_options::recursive);
  const bool has_paths = golden.contains("img_paths");
  EXPECT_TRUE(is_tfrecord(path));
  for (const char* opening : {"first", "kept"}) {
    const auto data = open(path);
    const auto labels = golden.at("labels").get<std::vector<int64_t>>();
    ASSERT_EQ(data->size(), static_cast<int64_t>(labels.size())) << opening;
    const std::set distinct(labels.begin(), labels.end());
    EXPECT_EQ(data->classes(), static_cast<int64_t>(distinct.size()));
    for (int64_t i = 0; i < data->size(); ++i) {
      const auto at = static_cast<size_t>(i);
      EXPECT_EQ(data->label(i), std::distance(distinct.begin(), distinct.find(labels[at])));
      EXPECT_EQ(data->name(i), path.string() + "#" + std::to_string(i));
      const std::string key = golden.at("image_keys").at(at);
      EXPECT_EQ(test::image_key(data->read(i).encoded), key);
      test::expect_pixels(load_image(*data, i), key);
      if (has_paths) {
        const fs::path image = golden.at("img_paths").at(at).get<std::string>();
        EXPECT_EQ(data->class_name(data->label(i)), image.parent_path().filename());
      } else {
        EXPECT_EQ(data->class_name(data->label(i)), std::to_string(labels[at]));
        EXPECT_EQ(data->relative_path(i), golden.at("filenames").at(at));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTfRecord,
                         testing::Values("tfrecord/train_bin.tfrecord", "tfrecord/train_path.tfrecord",
                                         "tfrecord/train_bin_gzip.tfrecord.gz", "tfrecord/train_bin_zlib.tfrecord",
                                         "tfrecord/train_bin_extra_features.tfrecord"));

// What is wrong with each damaged file: with all of it, with record 1, or with record 1 when it is read or decoded.
enum class Fault { file, record, image, none };

const std::map<std::string, std::pair<Fault, const char*>> faults{
    {"truncated_data.tfrecord", {Fault::file, "the file ends inside the record"}},
    {"truncated_length.tfrecord", {Fault::file, "the file ends inside the record"}},
    {"truncated_crc.tfrecord", {Fault::file, "the file ends inside the record"}},
    {"empty.tfrecord", {Fault::file, "holds no records"}},
    {"length_crc_wrong.tfrecord", {Fault::file, "checksum of a record's length"}},
    {"data_crc_wrong.tfrecord", {Fault::record, "the record's checksum is wrong"}},
    {"length_huge_crc_right.tfrecord", {Fault::file, "a record of 4611686018427387904 bytes"}},
    {"length_max_crc_right.tfrecord", {Fault::file, "a record of 18446744073709551615 bytes"}},
    {"length_huge_crc_wrong.tfrecord", {Fault::file, "checksum of a record's length"}},
    {"not_tfrecord.tfrecord", {Fault::file, "is no TFRecord file"}},
    {"proto_truncated.tfrecord", {Fault::record, "a length leads beyond the end"}},
    {"proto_garbage.tfrecord", {Fault::record, "no tf.train.Example"}},
    {"proto_varint_endless.tfrecord", {Fault::record, "more than ten digits"}},
    {"proto_length_huge.tfrecord", {Fault::record, "a length leads beyond the end"}},
    {"proto_group.tfrecord", {Fault::record, "wire type 3"}},
    {"proto_wiretype7.tfrecord", {Fault::record, "wire type 7"}},
    {"proto_empty.tfrecord", {Fault::record, "has no image/source_id"}},
    {"feature_missing.tfrecord", {Fault::record, "has neither image/encoded nor image/img_path"}},
    {"label_missing.tfrecord", {Fault::record, "has no image/source_id"}},
    {"label_wrong_type.tfrecord", {Fault::record, "image/source_id has no list of integers"}},
    {"label_two_values.tfrecord", {Fault::record, "image/source_id has several values"}},
    {"label_no_values.tfrecord", {Fault::record, "image/source_id has no"}},
    {"label_negative.tfrecord", {Fault::record, "image/source_id is -1"}},
    {"label_huge.tfrecord", {Fault::record, "image/source_id is 9223372036854775807"}},
    {"encoded_wrong_type.tfrecord", {Fault::record, "image/encoded has no list of bytes"}},
    {"jpeg_garbage.tfrecord", {Fault::image, ""}},
    {"jpeg_truncated.tfrecord", {Fault::image, ""}},
    {"jpeg_huge_dims.tfrecord", {Fault::image, ""}},
    {"jpeg_zero_dims.tfrecord", {Fault::image, ""}},
    {"jpeg_empty.tfrecord", {Fault::record, "image/encoded is empty"}},
    {"jpeg_not_112.tfrecord", {Fault::none, ""}},
    {"path_missing_file.tfrecord", {Fault::image, "folder/none/none.jpg: is no file"}},
    {"path_nul.tfrecord", {Fault::record, "'folder/a?b.jpg' names no image file"}},
    {"path_device.tfrecord", {Fault::record, "'/dev/zero' names no image file"}},
    {"gzip_truncated.tfrecord.gz", {Fault::file, "compressed stream is cut off"}},
    {"gzip_crc_wrong.tfrecord.gz", {Fault::file, "incorrect data check"}},
    {"gzip_data_wrong.tfrecord.gz", {Fault::file, "compressed stream is damaged"}},
    {"gzip_header_only.tfrecord.gz", {Fault::file, "compressed stream is cut off"}},
    {"gzip_bomb.tfrecord.gz", {Fault::file, "a record of 268435456 bytes"}},
};

class CorruptTfRecord : public TfRecordSetTest {
 protected:
  void expect_bad_file(const Error& error, const fs::path& path, const char* reason) {
    EXPECT_THAT(error.message(), HasSubstr(reason));
    EXPECT_EQ(error.file(), path);
    EXPECT_TRUE(error.offset() || fs::file_size(path) == 0);
    for (const auto& entry : fs::directory_iterator(path.parent_path())) EXPECT_EQ(entry.path(), path);
  }

  void expect_bad_record(const Dataset& data, const Problems& problems, const fs::path& path, const char* reason) {
    EXPECT_EQ(problems.count(), 1);
    EXPECT_EQ(problems.list().at(0).name, path.string() + "#1");
    EXPECT_THAT(problems.list().at(0).reason, HasSubstr(reason));
    EXPECT_THAT(problems.list().at(0).reason, HasSubstr("at byte"));
    for (int64_t i = 0; i < data.size(); ++i) {
      EXPECT_EQ(data.name(i), path.string() + "#" + std::to_string(2 * i));
      EXPECT_EQ(load_image(data, i).width, 112);
    }
  }

  void expect_bad_image(const Dataset& data, const fs::path& path, const char* reason) {
    const Error error = error_of([&] { load_image(data, 1); });
    EXPECT_NE(error.message(), "no error");
    EXPECT_THAT(error.message(), HasSubstr(reason));
    EXPECT_EQ(error.file(), path.string() + "#1");
    EXPECT_EQ(load_image(data, 0).width, 112);
  }

  void expect_fault(const fs::path& path) {
    const auto [fault, reason] = faults.at(path.filename());
    Problems problems;
    std::shared_ptr<Dataset> data;
    const Error error = error_of([&] { data = open_tfrecord(path, "", problems); });
    if (fault == Fault::file) return expect_bad_file(error, path, reason);
    ASSERT_TRUE(data) << error.what();
    if (fault == Fault::record) return expect_bad_record(*data, problems, path, reason);
    EXPECT_EQ(problems.count(), 0);
    if (fault == Fault::image) return expect_bad_image(*data, path, reason);
    EXPECT_EQ(load_image(*data, 1).width, 60);
    EXPECT_EQ(load_image(*data, 1).height, 50);
  }
};

TEST_F(CorruptTfRecord, EachIsToldAndTheRestOfItRead) {
  FACEREC_NEEDS_TEST_DATA();
  const auto all = test::corrupt("tfrecord");
  EXPECT_EQ(all.size(), faults.size());
  for (const fs::path& original : all) {
    SCOPED_TRACE(original.filename());
    const fs::path path = copy(original);
    EXPECT_TRUE(is_tfrecord(path));
    test::largest_allocation = 0;
    expect_fault(path);
    EXPECT_LT(test::largest_allocation, size_t{2} << 20);
    fs::remove_all(path.parent_path());
  }
}

TEST_F(TfRecordSetTest, RecordsLeftOutAreRememberedAndNumbersStay) {
  std::string damaged = binary_record(3, "3/x.jpg");
  damaged.back() ^= 1;
  const std::string good = binary_record(7, "7/a.jpg");
  const fs::path path =
      write("a.tfrecord", damaged + good + binary_record(-1, "x") + damaged + good + good + binary_record(1, "b"));
  for (const char* opening : {"first", "kept"}) {
    Problems problems;
    const auto data = open_tfrecord(path, "", problems);
    EXPECT_EQ(problems.count(), 3) << opening;
    ASSERT_EQ(data->size(), 4);
    EXPECT_EQ(data->name(0), path.string() + "#1");
    EXPECT_EQ(data->name(1), path.string() + "#4");
    EXPECT_EQ(data->name(2), path.string() + "#5");
    EXPECT_EQ(data->name(3), path.string() + "#6");
  }
  EXPECT_EQ(error_of([&] { open(path); }).file(), path.string() + "#0");  // strict
}

TEST_F(TfRecordSetTest, NothingToUseIsAnErrorThatSaysWhy) {
  TfExampleWriter other;
  other.add("image/class/label", 1);
  const fs::path path = write("a.tfrecord", record_of(other) + record_of(other));
  Problems problems;
  const Error error = error_of([&] { open_tfrecord(path, "", problems); });
  EXPECT_EQ(error.file(), path);
  EXPECT_THAT(error.message(), HasSubstr("no image that can be used"));
  EXPECT_THAT(error.message(), HasSubstr("has no image/source_id"));
}

TEST_F(TfRecordSetTest, ReadingChecksARecordAgain) {
  const std::string good = binary_record(0, "0/a.jpg");
  const fs::path path = write("a.tfrecord", good + good);
  const auto data = open(path);
  std::fstream(path, std::ios::in | std::ios::out).seekp(static_cast<std::streamoff>(good.size()) + 30) << '!';
  const Error error = error_of([&] { data->read(1); });
  EXPECT_THAT(error.message(), HasSubstr("checksum is wrong"));
  EXPECT_EQ(error.file(), path.string() + "#1");
  EXPECT_EQ(error.offset(), good.size());
  EXPECT_EQ(encoded_of(*data, 0), "image");
  fs::resize_file(path, good.size() + 20);
  EXPECT_EQ(error_of([&] { data->read(1); }).file(), path.string() + "#1");
}

TEST_F(TfRecordSetTest, SeveralFilesMakeOneSet) {
  write("set/b.tfrecords", binary_record(9, "9/c.jpg", "third"));
  write("set/a.tfrecord", binary_record(5, "5/a.jpg", "first") + binary_record(9, "9/b.jpg", "second"));
  write("set/notes.txt", "none");
  write("set/.hidden.tfrecord", "none");
  fs::create_directory(folder / "set/folder.tfrecord");
  for (const std::string name : {"set", "set/", "set/*.tfrecord*", "set/?.*", "set/[ab].tf*"}) {
    EXPECT_TRUE(is_tfrecord(folder / name)) << name;
    const auto data = open(folder / name);
    ASSERT_EQ(data->size(), 3) << name;
    EXPECT_EQ(data->classes(), 2);
    EXPECT_THAT((std::vector{data->label(0), data->label(1), data->label(2)}), ElementsAre(0, 1, 1));
    EXPECT_THAT((std::vector{encoded_of(*data, 0), encoded_of(*data, 1), encoded_of(*data, 2)}),
                ElementsAre("first", "second", "third"));
    EXPECT_EQ(data->class_name(1), "9");
    EXPECT_EQ(data->relative_path(2), "9/c.jpg");
    EXPECT_EQ(data->name(2), (folder / "set/b.tfrecords#0").lexically_normal().string());
  }
  EXPECT_EQ(open(folder / "set/a.*")->size(), 2);
}

TEST_F(TfRecordSetTest, TellsWhatIsARecordFile) {
  for (const char* name : {"a.tfrecord", "a.TFRecords", "a.tfrecord.gz", "ms1m.tfrecord-00003-of-00010"}) {
    EXPECT_TRUE(is_tfrecord(write(name, "x"))) << name;
  }
  EXPECT_TRUE(is_tfrecord(folder / "absent.tfrecord"));
  EXPECT_TRUE(is_tfrecord(folder / "absent-*.tfrecord"));
  write("images/0/a.jpg", "x");
  for (const char* name : {"absent", "images", "images/0/a.jpg", "images/0/*.jpg", "absent/*.rec"}) {
    EXPECT_FALSE(is_tfrecord(folder / name)) << name;
  }
  for (const char* name : {"absent.tfrecord", "absent-*.tfrecord", "images"}) {
    const Error error = error_of([&] { open(folder / name); });
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_EQ(error.file(), folder / name);
  }
}

TEST_F(TfRecordSetTest, PathsAreFoundBesideTheFileAboveItOrBelowTheRoot) {
  write("data/records/near/1.jpg", "near");
  write("data/above/1.jpg", "above");
  write("elsewhere/near/1.jpg", "elsewhere");
  const fs::path path = write("data/records/a.tfrecord", path_record(0, "near/1.jpg") + path_record(0, "above/1.jpg") +
                                                             path_record(1, folder / "elsewhere/near/1.jpg"));
  const auto data = open(path);
  EXPECT_EQ(encoded_of(*data, 0), "near");
  EXPECT_EQ(encoded_of(*data, 1), "above");
  EXPECT_EQ(encoded_of(*data, 2), "elsewhere");
  const auto rooted = open(path, folder / "elsewhere");
  EXPECT_EQ(encoded_of(*rooted, 0), "elsewhere");
  EXPECT_EQ(encoded_of(*rooted, 2), "elsewhere");
  const Error error = error_of([&] { rooted->read(1); });
  EXPECT_EQ(error.file(), path.string() + "#1");
  EXPECT_THAT(error.message(), HasSubstr((folder / "elsewhere/above/1.jpg").string()));
}

TEST_F(TfRecordSetTest, OnlyFilesAreOpened) {
  fs::create_directory(folder / "folder.jpg");
  fs::create_symlink("/dev/zero", folder / "device.jpg");
  ASSERT_EQ(::mkfifo((folder / "pipe.jpg").c_str(), 0600), 0);
  const fs::path path =
      write("a.tfrecord", path_record(0, "folder.jpg") + path_record(0, "device.jpg") + path_record(0, "pipe.jpg"));
  const auto data = open(path);
  for (int64_t i = 0; i < 3; ++i) {
    const Error error = error_of([&] { data->read(i); });
    EXPECT_THAT(error.message(), HasSubstr("is no file")) << i;
    EXPECT_EQ(error.file(), path.string() + "#" + std::to_string(i));
  }
}

TEST_F(TfRecordSetTest, ClassesHaveNamesOfTheirOwn) {
  const auto named = open(write("a.tfrecord", binary_record(4, "Zoë/1.jpg") + binary_record(2, "x/Jo Do/1.jpg") +
                                                  binary_record(2, "Jo Do/2.jpg") + binary_record(6, "../1.jpg") +
                                                  path_record(8, "/data/Abel/1.jpg")));
  EXPECT_EQ(named->class_name(0), "Jo Do");
  EXPECT_EQ(named->class_name(1), "Zoë");
  EXPECT_EQ(named->class_name(2), "6");
  EXPECT_EQ(named->class_name(3), "Abel");
  EXPECT_TRUE(named->has_name(0));
  EXPECT_FALSE(named->has_name(2));
  EXPECT_EQ(named->relative_path(0), "Zoë/1.jpg");
  EXPECT_EQ(named->relative_path(1), "Jo Do/00000001");
  EXPECT_EQ(named->relative_path(2), "Jo Do/2.jpg");
  EXPECT_EQ(named->relative_path(3), "6/00000003");
  EXPECT_EQ(named->relative_path(4), "Abel/00000004");
  const auto shared = open(write("b.tfrecord", binary_record(4, "images/1.jpg") + binary_record(2, "images/2.jpg")));
  EXPECT_EQ(shared->class_name(0), "2");
  EXPECT_EQ(shared->class_name(1), "4");
  EXPECT_FALSE(shared->has_name(1));
  EXPECT_EQ(shared->relative_path(0), "4/00000000");
}

}  // namespace
}  // namespace facerec::tfrecord
