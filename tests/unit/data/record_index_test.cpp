#include "data/record_index.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "facerec/core/error.h"
#include "io/crc32c.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

using Entries = std::vector<std::pair<uint64_t, uint32_t>>;

// Without waiting for the disk, as write_file does.
void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

// A file of records, what a scan finds in it, and a cache folder of its own.
class RecordIndexTest : public testing::Test {
 protected:
  RecordIndexTest() {
    setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    write_file(file_, std::string(1000, 'x'));
  }
  ~RecordIndexTest() override { unsetenv("XDG_CACHE_HOME"); }

  std::shared_ptr<const RecordIndex> open(Problems& problems) {
    return open_record_index(
        {file_},
        [&](RecordSink& sink) {
          ++scans_;
          for (const auto& [offset, label] : entries_) sink.add(offset, label);
          for (int i = 0; i < faults_; ++i) sink.leave_out({"#" + std::to_string(i), "has no label"});
        },
        problems);
  }

  Entries opened() {
    Problems problems;
    const auto index = open(problems);
    Entries found;
    for (int64_t i = 0; i < index->size(); ++i) found.emplace_back(index->offset(i), index->label(i));
    return found;
  }

  fs::path kept() const { return file_.string() + ".facerec-index"; }

  TemporaryFolder folder_;
  fs::path file_ = folder_ / "train.rec";
  Entries entries_{{0, 7}, {40, 3}, {uint64_t{1} << 40, 2147483647}};
  int scans_ = 0, faults_ = 0;
};

TEST_F(RecordIndexTest, IsMadeOnceAndKeptBesideTheFile) {
  EXPECT_EQ(opened(), entries_);
  EXPECT_TRUE(fs::exists(kept()));
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(scans_, 1);
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
}

TEST_F(RecordIndexTest, HoldsMoreThanOneBlock) {
  entries_.clear();
  for (uint32_t i = 0; i < 200000; ++i) entries_.emplace_back(uint64_t{i} * 5003, i % 977);
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(scans_, 1);
}

TEST_F(RecordIndexTest, IsMadeAnewWhenTheFileIsAnother) {
  opened();
  write_file(file_, std::string(1001, 'x'));
  entries_.pop_back();
  EXPECT_EQ(opened(), entries_);
  fs::last_write_time(file_, fs::last_write_time(file_) + std::chrono::nanoseconds(1));
  entries_.pop_back();
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(scans_, 3);
}

TEST_F(RecordIndexTest, FitsAFileThatWasMoved) {
  opened();
  fs::create_directory(folder_ / "elsewhere");
  for (const char* name : {"train.rec", "train.rec.facerec-index"}) {
    fs::rename(folder_ / name, folder_ / "elsewhere" / name);
  }
  file_ = folder_ / "elsewhere" / "train.rec";
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(scans_, 1);
}

TEST_F(RecordIndexTest, IsMadeAnewWhenAnyByteIsWrongOrMissing) {
  faults_ = 1;
  opened();
  const std::string good = read_text(kept());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x81);
    write(kept(), bad);
    const int before = scans_;
    EXPECT_EQ(opened(), entries_) << i;
    EXPECT_EQ(scans_, before + 1) << i;
    if (i % 8 != 0) continue;
    write(kept(), good.substr(0, i));
    EXPECT_EQ(opened(), entries_) << i;
    EXPECT_EQ(scans_, before + 2) << i;
  }
  EXPECT_EQ(read_text(kept()), good);
}

// The checksum is right, and what it covers is not what we write.
TEST_F(RecordIndexTest, IsMadeAnewWhenSomeoneElseWroteIt) {
  opened();
  const std::string good = read_text(kept());
  const size_t begin = good.find('{');
  const std::string front = good.substr(0, begin), text = good.substr(begin, good.size() - begin - 8);
  const auto with = [&](const std::string& entries, const std::string& json) {
    std::string file = entries + json;
    const auto append = [&](uint32_t number) { file.append(reinterpret_cast<const char*>(&number), sizeof number); };
    append(static_cast<uint32_t>(json.size()));
    append(crc32c(std::as_bytes(std::span(file))));
    return file;
  };
  ASSERT_EQ(with(front, text), good);
  std::string labels = front;
  labels[8 + 11] = '\xFF';
  const std::string files = text.substr(0, text.find(']') + 2);  // {"files":[[…]]
  for (const std::string& file :
       {with(labels, text), with(front.substr(0, 18), text), with(front, ""), with(front, "[]"), with(front, "{}"),
        with(front, files + R"(,"list":[],"problems":-1})"), with(front, files + R"(,"list":[],"problems":1e18})"),
        with(front, files + R"(,"list":[["a","b"]],"problems":0})"),
        with(front, files + R"(,"list":[[1]],"problems":1})"), with(front, files + R"(,"list":7,"problems":1})"),
        with(front, std::string(1000, '['))}) {
    write(kept(), file);
    const int before = scans_;
    EXPECT_EQ(opened(), entries_);
    EXPECT_EQ(scans_, before + 1) << file.substr(front.size());
  }
}

TEST_F(RecordIndexTest, TellsItsProblemsAgain) {
  faults_ = 1500;
  for (int run = 0; run < 2; ++run) {
    Problems problems;
    open(problems);
    EXPECT_EQ(problems.count(), 1500);
    ASSERT_EQ(problems.list().size(), Problems::listed);
    EXPECT_THAT(problems.list()[999].name, HasSubstr("train.rec#999"));
    EXPECT_EQ(problems.list()[0].reason, "has no label");
  }
  EXPECT_EQ(scans_, 1);
}

TEST_F(RecordIndexTest, ProblemsAreNamedWhereTheFileIsNow) {
  faults_ = 2;
  opened();
  fs::create_directory(folder_ / "elsewhere");
  for (const fs::path& each : {file_, kept()}) fs::rename(each, folder_ / "elsewhere" / each.filename());
  file_ = folder_ / "elsewhere" / "train.rec";
  Problems problems;
  open(problems);
  EXPECT_EQ(scans_, 1);
  EXPECT_EQ(problems.list().at(1).name, file_.string() + "#1");
}

TEST_F(RecordIndexTest, StrictKeepsNothing) {
  faults_ = 1;
  for (int run = 0; run < 2; ++run) {
    Problems problems(true);
    EXPECT_THROW(open(problems), Error);
    EXPECT_FALSE(fs::exists(kept()));
  }
  opened();
  Problems problems(true);
  EXPECT_THROW(open(problems), Error);  // from the kept one
  EXPECT_EQ(scans_, 3);
}

// The name leaves no room for what is added to it.
TEST_F(RecordIndexTest, GoesToTheCacheWhereTheFolderTakesNoFile) {
  fs::rename(file_, folder_ / std::string(250, 'n'));
  file_ = folder_ / std::string(250, 'n');
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(scans_, 1);
  EXPECT_FALSE(fs::is_empty(folder_ / "cache/facerec"));
}

TEST_F(RecordIndexTest, LivesInMemoryWhereNothingTakesAFile) {
  faults_ = 2;
  fs::create_directory(kept());
  write_file(folder_ / "cache", "in the way");
  Problems problems;
  EXPECT_EQ(open(problems)->size(), 3);
  EXPECT_EQ(problems.count(), 2);  // however often the file was read
  EXPECT_EQ(opened(), entries_);
}

TEST_F(RecordIndexTest, AFileThatChangesMeanwhileIsAnError) {
  Problems problems;
  try {
    open_record_index(
        {file_}, [&](RecordSink&) { write_file(file_, "shorter"); }, problems);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), file_.string());
  }
}

TEST_F(RecordIndexTest, ManyMayOpenItAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      Problems problems;
      const auto index = open_record_index(
          {file_},
          [&](RecordSink& sink) {
            for (const auto& [offset, label] : entries_) sink.add(offset, label);
          },
          problems);
      EXPECT_EQ(index->size(), 3);
      EXPECT_EQ(index->label(2), 2147483647U);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened(), entries_);
  EXPECT_EQ(scans_, 0);
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::StartsWith("train.rec"));  // nothing temporary is left
  }
}

TEST_F(RecordIndexTest, AMissingFileIsAnError) {
  fs::remove(file_);
  EXPECT_THROW(opened(), Error);
}

// Labels as a file may have them, by way of an index.
std::shared_ptr<const RecordIndex> labelled(const TemporaryFolder& folder, const std::vector<uint32_t>& labels) {
  static int count = 0;
  const fs::path file = folder / std::to_string(count++);
  write_file(file, "x");
  Problems problems;
  return open_record_index(
      {file},
      [&](RecordSink& sink) {
        for (const uint32_t label : labels) sink.add(0, label);
      },
      problems);
}

TEST(ClassNumbers, NumberTheLabelsThatOccur) {
  const TemporaryFolder folder;
  for (const uint32_t third : {3U, 90U, 2147483647U}) {  // dense, nearly so, and far from it
    const ClassNumbers numbers({labelled(folder, {2, 0, 2}), labelled(folder, {}), labelled(folder, {third, 1})});
    ASSERT_EQ(numbers.classes(), 4);
    const std::vector<uint32_t> labels{0, 1, 2, third};
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_EQ(numbers.label_of(i), labels[static_cast<size_t>(i)]);
      EXPECT_EQ(numbers.class_of(labels[static_cast<size_t>(i)]), i);
    }
  }
  EXPECT_EQ(ClassNumbers({labelled(folder, {})}).classes(), 0);
}

}  // namespace
}  // namespace facerec
