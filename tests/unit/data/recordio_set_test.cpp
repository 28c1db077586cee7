// RecordIO sets that MXNet and InsightFace wrote (the golden files), and damaged ones.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <sstream>

#include "data/formats.h"
#include "data/recordio_scan.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/recordio.h"
#include "support/images.h"
#include "unit/data/golden_records.h"

namespace facerec {
namespace {

using nlohmann::json;
using test::Copy;
using test::expect_images;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_of(const Dataset& data) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < data.size(); ++i) {
    const std::string name = data.name(i);
    names.push_back(name.substr(name.rfind('/') + 1));
  }
  return names;
}

class GoldenRecordIo : public testing::TestWithParam<const char*> {};

TEST_P(GoldenRecordIo, HoldsTheImagesInOrder) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy(GetParam());
  const json& entry = test::manifest_of(GetParam());
  for (int run = 0; run < 2; ++run) {  // scanned, and from the kept index
    const auto data = copy.open();
    expect_images(*data, entry);
    std::vector<std::string> names;
    for (const json& key : entry.at("keys")) names.push_back("train.rec#" + std::to_string(key.get<int64_t>()));
    EXPECT_EQ(names_of(*data), names);
    EXPECT_EQ(copy.problems.count(), 0);
    EXPECT_TRUE(fs::exists(copy.path / "train.rec.facerec-index"));
  }
}

TEST_P(GoldenRecordIo, IsReadInFileOrderWithoutKeys) {
  FACEREC_NEEDS_TEST_DATA();
  for (const bool empty : {false, true}) {
    Copy copy(GetParam());
    fs::remove(copy.path / "train.idx");
    if (empty) write_file(copy.path / "train.idx", "");
    expect_images(*open_recordio(copy.path / "train.rec", copy.problems), test::manifest_of(GetParam()));
    EXPECT_EQ(copy.problems.count(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenRecordIo,
                         testing::Values("recordio", "recordio_im2rec", "recordio_newbuilder", "recordio_vector_label",
                                         "recordio_split"));

TEST(RecordIoSet, TellsIdentitiesFromTheList) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy("recordio");
  const auto data = copy.open();
  EXPECT_EQ(data->class_name(0), "Abel_Pacheco");
  EXPECT_TRUE(data->has_name(0));
  EXPECT_EQ(data->class_name(11), "Augusto_Pinochet");
  EXPECT_EQ(data->relative_path(2), "Abel_Pacheco/Abel_Pacheco_0004.jpg");
  EXPECT_EQ(data->relative_path(31), "Augusto_Pinochet/Augusto_Pinochet_0002.jpg");
  Copy im2rec("recordio_im2rec");
  EXPECT_EQ(im2rec.open()->relative_path(1), "Angela_Bassett/Angela_Bassett_0003.jpg");
  EXPECT_EQ(im2rec.open()->class_name(6), "Angela_Lansbury");
}

TEST(RecordIoSet, AListThatDoesNotFitIsNotUsed) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy("recordio");
  const std::string list = read_text(copy.path / "train.lst");
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string text = list;
    text.replace(text.find(what), what.size(), by);
    return text;
  };
  for (const std::string& text :
       {list.substr(list.find('\n') + 1), list.substr(0, list.size() - 40), std::string("text"),
        replaced("Abel_Pacheco/", "../"), replaced("Abel_Pacheco/", "Akhmed_Zakayev/"), replaced("Abel_Pacheco/", ""),
        replaced("Abel_Pacheco/", "other/Abel_Pacheco/"), replaced("\t0\n", "\t1\n"), replaced("\t0\n", "\tx\n")}) {
    write_file(copy.path / "train.lst", text);
    const auto data = copy.open();
    EXPECT_EQ(data->class_name(0), "0") << text.substr(0, 60);
    EXPECT_FALSE(data->has_name(0));
    EXPECT_EQ(data->relative_path(1), "0/00000001") << text.substr(0, 60);
  }
}

TEST(RecordIoSet, ListsMayHaveAbsolutePathsAndSeveralLabels) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy("recordio");
  std::istringstream lines(read_text(copy.path / "train.lst"));
  std::string absolute, several;
  for (std::string line; std::getline(lines, line);) absolute += "1\t/raid/faces/" + line.substr(2) + "\r\n";
  write_file(copy.path / "train.lst", absolute);
  EXPECT_EQ(copy.open()->relative_path(2), "Abel_Pacheco/Abel_Pacheco_0004.jpg");
  Copy vectors("recordio_vector_label");
  const auto data = vectors.open();
  for (int64_t i = 0; i < data->size(); ++i) {
    several += fmt::format("{}\t{:.6f}\t0.5\tperson {}/{}.jpg\n", i + 1, double(data->label(i)), data->label(i), i);
  }
  write_file(vectors.path / "train.lst", several);
  EXPECT_EQ(vectors.open()->relative_path(16), "person 5/16.jpg");
  EXPECT_EQ(vectors.open()->class_name(2), "person 2");
}

// A set that a test makes record by record.
class Made {
 public:
  void image(uint64_t key, float label) {
    put({.flag = 0, .label = {label, 0}, .id = key, .id2 = 0, .image_size = 0}, 4);
  }
  void range(uint64_t key, float first, float end) {
    put({.flag = 2, .label = {first, end}, .id = key, .id2 = 0, .image_size = 0}, 0);
  }
  std::shared_ptr<Dataset> open() {
    write_file(folder_ / "train.rec", records_);
    write_file(folder_ / "train.idx", join(lines, ""));
    return open_recordio(folder_.path(), problems);
  }

  std::vector<std::string> lines;
  Problems problems;

 private:
  void put(const RecordHeader& header, size_t size) {
    lines.push_back(fmt::format("{}\t{}\n", header.id, records_.size()));
    const std::vector<std::byte> record = make_record(header, std::vector<std::byte>(size));
    records_.append(reinterpret_cast<const char*>(record.data()), record.size());
  }

  TemporaryFolder folder_;
  std::string records_;
};

TEST(RecordIoSet, LabelsMayHaveGapsAndAnyOrder) {
  Made made;
  for (const float label : {16777216.F, 7.F, 2147483520.F, 0.F, 7.F}) made.image(made.lines.size() + 100, label);
  const auto data = made.open();
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < data->size(); ++i) labels.push_back(data->label(i));
  EXPECT_THAT(labels, ElementsAre(2, 1, 3, 0, 1));
  EXPECT_EQ(data->classes(), 4);
  EXPECT_EQ(data->class_name(2), "16777216");
  EXPECT_EQ(data->relative_path(4), "7/00000004");
  EXPECT_THAT(names_of(*data),
              ElementsAre("train.rec#100", "train.rec#101", "train.rec#102", "train.rec#103", "train.rec#104"));
}

TEST(RecordIoSet, WithRangesTheOrderIsThatOfTheKeys) {
  Made made;
  made.range(0, 4, 6);
  made.image(3, 1);
  made.image(1, 0);
  made.range(5, 3, 4);
  made.image(2, 0);
  made.range(4, 1, 3);
  for (int order = 0; order < 2; ++order) {
    const auto data = made.open();
    EXPECT_THAT(names_of(*data), ElementsAre("train.rec#1", "train.rec#2", "train.rec#3"));
    EXPECT_EQ(data->label(2), 1);
    std::ranges::reverse(made.lines);
  }
  made.image(6, 1);
  EXPECT_EQ(made.open()->size(), 3);  // key 0 does not tell of it
  EXPECT_THAT(made.problems.list().at(0).name, testing::EndsWith("train.rec#6"));
}

TEST(RecordIoSet, RangesThatTheRecordsContradictAreAnError) {
  Made fewer;
  for (const uint64_t key : {1U, 2U, 3U}) fewer.image(key, 0);
  fewer.range(4, 1, 4);
  fewer.range(0, 3, 5);
  EXPECT_THROW(fewer.open(), Error);
  Made more;
  more.image(1, 0);
  more.range(2, 1, 2);
  more.range(0, 3, 3);
  EXPECT_EQ(more.open()->size(), 1);
  EXPECT_EQ(more.problems.count(), 1);  // key 2 is no image
}

TEST(RecordIoSet, LeavesOutSingleImagesAndKeepsTheNamesOfOthers) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy("recordio");
  std::string records = read_text(copy.path / "train.rec");
  records[5152] ^= 1;  // key 2
  write_file(copy.path / "train.rec", records);
  const auto data = copy.open();
  ASSERT_EQ(data->size(), 31);
  EXPECT_THAT(data->name(0), testing::EndsWith("train.rec#1"));
  EXPECT_THAT(data->name(1), testing::EndsWith("train.rec#3"));
  EXPECT_THAT(data->name(30), testing::EndsWith("train.rec#32"));
  EXPECT_EQ(data->relative_path(1), "Abel_Pacheco/Abel_Pacheco_0004.jpg");
  EXPECT_EQ(data->relative_path(30), "Augusto_Pinochet/Augusto_Pinochet_0002.jpg");
  for (int run = 0; run < 2; ++run) {
    ASSERT_EQ(copy.problems.count(), run + 1);
    EXPECT_THAT(copy.problems.list().back().name, testing::EndsWith("train.rec#2"));
    EXPECT_THAT(copy.problems.list().back().reason, HasSubstr("byte 5152"));
    copy.open();
  }
  Problems strict(true);
  EXPECT_THROW(open_recordio(copy.path, strict), Error);
}

// What becomes of a damaged set: an Error when it is opened, a Problem, or an Error when an image is loaded.
struct Outcome {
  std::string file, text;
  std::optional<uint64_t> offset;
};

Outcome outcome(Copy& copy) {
  try {
    const auto data = copy.open();
    if (copy.problems.count() == 1)
      return {copy.problems.list()[0].name, "problem: " + copy.problems.list()[0].reason, {}};
    for (int64_t i = 0; i < data->size(); ++i) load_image(*data, i);
    return {"", "silence", {}};
  } catch (const Error& error) {
    return {error.file(), error.message(), error.offset()};
  }
}

struct Damage {
  const char *name, *file, *text;
  bool has_offset = true;
};

const Damage damages[] = {
    {"rec_truncated", "train.idx", "but"},
    {"rec_truncated_header", "train.idx", "but"},
    {"rec_empty", "train.idx", "has 0 bytes"},
    {"wrong_magic", "train.rec#2", "problem: no record begins here (byte 1840)"},
    {"length_huge", "train.rec#2", "problem: the file ends before the record does (byte 1840)"},
    {"length_short", "train.rec#2", "problem: a record of 10 bytes is too short for an image (byte 1840)"},
    {"label_count_huge", "train.rec#2", "claims 1073741823 labels (byte 1840)"},
    {"label_count_past_end", "train.rec#2", "claims 1000 labels (byte 1840)"},
    {"cflag_continue_first", "train.rec#2", "problem: a record begins with a later part (cflag 2) (byte 1840)"},
    {"cflag_unterminated", "train.rec#2", "problem: a record that is split has no last part (cflag 0)"},
    {"cflag_unterminated_eof", "train.rec", "key 0"},
    {"cflag_reserved", "train.rec#2", "problem: a part has the unknown cflag 7 (byte 1840)"},
    {"jpeg_garbage", "train.rec#2", "", false},
    {"jpeg_truncated", "train.rec#2", "", false},
    {"jpeg_huge_dims", "train.rec#2", "65500x65500", false},
    {"jpeg_zero_dims", "train.rec#2", "", false},
    {"jpeg_empty", "train.rec#2", "problem: the record has no image (byte 1840)"},
    {"label_nan", "train.rec#2", "problem: the label nan is not a number from 0"},
    {"label_inf", "train.rec#2", "problem: the label inf is not a number from 0"},
    {"label_negative", "train.rec#2", "problem: the label -1 is not a number from 0"},
    {"label_1e30", "train.rec#2", "problem: the label 1e+30 is not a number from 0"},
    {"label_fraction", "train.rec#2", "problem: the label 0.5 is not a number from 0"},
    {"header_range_huge", "train.idx", "has no key 7, but the record of key 0", false},
    {"header_range_reversed", "train.rec", "key 0 tells of the keys from 7 to 5"},
    {"header_range_negative", "train.rec", "key 0 tells of the keys from -5 to 7"},
    {"header_range_nan", "train.rec", "key 0 tells of the keys from nan to nan"},
    {"header_range_past_keys", "train.idx", "has no key 7, but the record of key 0", false},
    {"identity_range_past_keys", "train.rec", "the record of key 6 must tell a range"},
    {"idx_offset_past_end", "train.idx", "line 3: the key 3 has the offset"},
    {"idx_offset_inside_record", "train.rec#3", "problem: no record begins here (byte"},
    {"idx_offset_negative", "train.idx", "line 3: '3?-8' is not a key"},
    {"idx_offset_overflow", "train.idx", "line 3: "},
    {"idx_not_numbers", "train.idx", "is not a key, a tab and an offset"},
    {"idx_missing_column", "train.idx", "is not a key, a tab and an offset"},
    {"idx_missing_key", "train.idx", "has no key 3, but the record of key 0", false},
    {"idx_duplicate_key", "train.idx", "line 3: the key 2 comes twice"},
    {"idx_binary", "train.idx", "line 1: "},
    {"property_text", "property", "'many,big,images' is not of the form", false},
    {"property_classes_negative", "property", "-2 is no number of classes", false},
    {"property_classes_too_few", "property", "tells of 1 classes, but the record at byte", false},
    {"property_huge", "property", "100000x100000 is no size", false},
};

TEST(RecordIoSet, DamageIsNeverSilent) {
  FACEREC_NEEDS_TEST_DATA();
  std::map<std::string, const Damage*> known;
  for (const Damage& damage : damages) known[damage.name] = &damage;
  for (const fs::path& path : test::corrupt("recordio")) {
    const std::string name = path.filename().string();
    Copy copy("corrupt/recordio/" + name);
    const Outcome found = outcome(copy);
    // The records tell what an empty .idx does not; images may be of any size, the loader brings them to one.
    if (name == "idx_empty" || name == "jpeg_not_112") {
      EXPECT_EQ(found.text, "silence");
      continue;
    }
    ASSERT_TRUE(known.contains(name)) << name;
    const Damage& expected = *known[name];
    EXPECT_THAT(found.file, testing::EndsWith(expected.file)) << name << ": " << found.text;
    EXPECT_THAT(found.text, HasSubstr(expected.text)) << name;
    EXPECT_NE(found.text, "silence") << name;
    if (expected.has_offset && !found.text.starts_with("problem")) {
      EXPECT_TRUE(found.offset.has_value()) << name << ": " << found.text;
    }
  }
}

TEST(RecordIoSet, AFileThatChangesAfterItWasOpenedIsAnError) {
  FACEREC_NEEDS_TEST_DATA();
  Copy copy("recordio");
  const auto data = copy.open();
  const std::string good = read_text(copy.path / "train.rec");
  const auto overwrite = [&](const std::string& text) {  // in place, as the file is open
    std::ofstream(copy.path / "train.rec", std::ios::binary) << text;
  };
  std::string other = good;
  other[5152 + 12 + 3] = 0x40;  // the label of key 2 becomes 2
  for (const std::string& text : {good.substr(0, 6000), std::string(good.size(), 'x'), std::string(), other}) {
    overwrite(text);
    try {
      data->read(1);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.file(), testing::EndsWith("train.rec#2"));
      EXPECT_TRUE(error.offset().has_value());
    }
  }
  overwrite(good);
  EXPECT_EQ(data->read(1).encoded.size(), 5165U);
}

// A .rec of so many images and identities as no test can write: every record has the length of the largest.
class ManyRecords : public ByteSource {
 public:
  ManyRecords(uint64_t images, uint64_t identities) : images_(images), identities_(identities) {}

  static constexpr uint64_t record_size = 40;
  uint64_t keys() const { return images_ + identities_ + 1; }
  uint64_t size() const override { return keys() * record_size; }
  void read(uint64_t offset, std::span<std::byte> into) const override {
    const uint64_t key = offset / record_size;
    const auto& record = key == 0 ? header_ : key > images_ ? identity_ : image_;
    std::ranges::copy(std::span(record).subspan(offset % record_size, into.size()), into.begin());
  }

 private:
  static std::vector<std::byte> range(uint64_t first, uint64_t end) {
    return make_record(
        {.flag = 2, .label = {static_cast<float>(first), static_cast<float>(end)}, .id = 0, .id2 = 0, .image_size = 0},
        {});
  }

  const uint64_t images_, identities_;
  const std::vector<std::byte> header_ = range(images_ + 1, keys()), identity_ = range(1, 2);
  const std::vector<std::byte> image_ = make_record({}, std::vector<std::byte>(8));
};

class Counter : public RecordSink {
 public:
  void add(uint64_t offset, uint32_t) override {
    last = offset;
    ++count;
  }
  void leave_out(BadInput problem) override { ADD_FAILURE() << problem.name << " " << problem.reason; }
  uint64_t count = 0, last = 0;
};

// Key 0 holds float32, which tells only every second number there: the records say where the images end.
TEST(RecordIoSet, CountsImagesBeyondWhatFloatsTell) {
  constexpr uint64_t limit = uint64_t{1} << 24;
  const RecordPaths paths{.records = "a.rec", .index = "a.idx", .property = {}, .list = {}};
  std::vector<RecordKey> lines;
  for (uint64_t key = 0; key < limit + 20; ++key) lines.push_back({key, key * ManyRecords::record_size});
  for (const auto& [images, identities] : {std::pair{limit, 2}, {limit + 2, 5}}) {
    const ManyRecords records(images, static_cast<uint64_t>(identities));
    const RecordKeys keys =
        order_record_keys({lines.begin(), lines.begin() + static_cast<int64_t>(records.keys())}, records, paths);
    Counter counter;
    scan_records(records, paths, keys, {}, counter);
    EXPECT_EQ(counter.count, images);
    EXPECT_EQ(counter.last, images * ManyRecords::record_size);
  }
}

TEST(RecordIoSet, IsKnownByItsName) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_recordio(folder.path()));
  EXPECT_TRUE(is_recordio(folder / "any.rec"));
  EXPECT_FALSE(is_recordio(folder / "any.tfrecord"));
  write_file(folder / "train.rec", "");
  EXPECT_TRUE(is_recordio(folder.path()));
  Problems problems;
  EXPECT_THROW(open_recordio(folder / "any.rec", problems), Error);
  EXPECT_THROW(open_recordio(folder.path(), problems), Error);  // no image
}

}  // namespace
}  // namespace facerec
