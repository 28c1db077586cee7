#include "io/recordio.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cmath>
#include <cstring>
#include <random>

#include "facerec/core/error.h"
#include "support/manifest.h"
#include "unit/io/allocations.h"

namespace facerec {
namespace {

using testing::HasSubstr;

std::vector<std::byte> bytes(const std::string& text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

std::string word(uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

// A part as the format has it.
std::string part(uint32_t continuation, const std::string& content) {
  std::string text = word(recordio_magic) + word(continuation << 29 | static_cast<uint32_t>(content.size())) + content;
  return text + std::string((4 - content.size() % 4) % 4, '\0');
}

struct Found {
  RecordPlace place;
  std::vector<std::byte> head, payload;
};

Found find(const std::string& file, uint64_t offset = 0) {
  const std::vector<std::byte> memory = bytes(file);
  const MemorySource source(memory);
  Found found{.place = {}, .head = std::vector<std::byte>(record_head_size), .payload = {}};
  found.place = measure_record(source, offset, found.head);
  found.head.resize(std::min<uint64_t>(found.head.size(), found.place.size));
  found.payload = read_record(source, offset);
  return found;
}

// The offset that an Error names.
std::optional<uint64_t> fault(const std::string& file, uint64_t offset = 0) {
  try {
    find(file, offset);
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), Not(testing::IsEmpty()));
    return error.offset();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(RecordIo, JoinsPartsWithTheMagicNumberBetweenThem) {
  const std::string magic = word(recordio_magic);
  const std::string file = part(1, "abcd") + part(2, "") + part(2, "efghijkl") + part(3, "m") + part(0, "next");
  const Found found = find(file);
  EXPECT_EQ(found.payload, bytes("abcd" + magic + magic + "efghijkl" + magic + "m"));
  EXPECT_TRUE(found.place.whole);
  EXPECT_EQ(found.place.size, found.payload.size());
  EXPECT_EQ(found.place.end, file.size() - 12);
  EXPECT_EQ(found.head, found.payload);
  EXPECT_EQ(find(file, found.place.end).payload, bytes("next"));
  EXPECT_EQ(find(part(0, "")).payload.size(), 0U);
}

TEST(RecordIo, NamesThePlaceOfAFault) {
  EXPECT_EQ(fault("not a record"), 0U);
  EXPECT_EQ(fault(part(2, "abcd")), 0U);
  EXPECT_EQ(fault(part(3, "abcd")), 0U);
  EXPECT_EQ(fault(part(7, "abcd")), 0U);
  EXPECT_EQ(fault(part(1, "abcd") + part(0, "abcd")), 12U);
  EXPECT_EQ(fault(part(1, "abcd") + part(1, "abcd")), 12U);
  EXPECT_EQ(fault(part(1, "abcd") + "neither magic"), 12U);
  EXPECT_EQ(fault(part(0, "abcd"), 13), 13U);
  EXPECT_EQ(fault(part(0, "abcd"), UINT64_MAX - 3), UINT64_MAX - 3);
}

TEST(RecordIo, SeesThatTheFileEndsTooEarly) {
  const std::string file = part(1, "abcd") + part(3, "efghi");
  for (size_t size = 0; size < file.size(); ++size) {
    const std::vector<std::byte> memory = bytes(file.substr(0, size));
    const MemorySource source(memory);
    EXPECT_FALSE(measure_record(source, 0, {}).whole) << size;
    EXPECT_THROW(read_record(source, 0), Error) << size;
  }
}

TEST(RecordIo, AClaimedLengthTakesNoMemory) {
  const std::vector<std::byte> memory = bytes(word(recordio_magic) + word((1U << 29) - 1) + "abcd");
  test::largest_allocation = 0;
  EXPECT_THROW(read_record(MemorySource(memory), 0), Error);
  EXPECT_LT(test::largest_allocation, 10000U);
}

TEST(RecordIo, ReadsHeaders) {
  const std::string numbers = word(2) + word(0) + std::string(16, '\1') + std::string(8, '\0') + "image";
  const RecordHeader header = parse_record_header(bytes(numbers), numbers.size());
  EXPECT_EQ(header.flag, 2U);
  EXPECT_EQ(header.id, 0x0101010101010101U);
  EXPECT_EQ(header.image_size, 5U);
  EXPECT_FALSE(header.is_range());
  for (const uint32_t flag : {4U, 0x3FFFFFFFU, 0x40000000U, 0xFFFFFFFFU}) {  // times 4 they wrap in 32 bits
    EXPECT_THROW(parse_record_header(bytes(word(flag) + numbers.substr(4)), numbers.size()), Error) << flag;
  }
  EXPECT_THROW(parse_record_header(bytes(numbers.substr(0, 23)), 23), Error);
}

TEST(RecordIo, WhatIsWrittenIsReadBack) {
  std::mt19937 random(1);
  const std::string magic = word(recordio_magic);
  for (int i = 0; i < 2000; ++i) {
    std::string image;
    const auto pieces = random() % 6;
    for (uint32_t piece = 0; piece < pieces; ++piece) {
      image += random() % 2 == 0 ? magic : std::string(random() % 6, static_cast<char>(random() % 3));
    }
    const RecordHeader header{.flag = static_cast<uint32_t>(random() % 3),
                              .label = {static_cast<float>(random() % 100), 3},
                              .id = random() % 2 == 0 ? recordio_magic : 5,
                              .id2 = 7,
                              .image_size = 0};
    const std::vector<std::byte> record = make_record(header, bytes(image));
    const Found found = find({reinterpret_cast<const char*>(record.data()), record.size()});
    EXPECT_EQ(found.place.end, record.size());
    EXPECT_EQ(found.place.size, found.payload.size());
    const RecordHeader read = parse_record_header(found.head, found.place.size);
    EXPECT_EQ(read.flag, header.flag);
    EXPECT_EQ(read.label[0], header.label[0]);
    EXPECT_EQ(read.label[1], header.flag == 2 ? 3 : 0);
    EXPECT_EQ(read.id, header.id);
    EXPECT_EQ(read.id2, header.id2);
    ASSERT_EQ(read.image_size, image.size());
    EXPECT_EQ(std::memcmp(found.payload.data() + found.payload.size() - image.size(), image.data(), image.size()), 0);
  }
}

TEST(RecordIo, SplitsAsMxnetDoes) {
  FACEREC_NEEDS_TEST_DATA();
  for (const char* name : {"recordio_split", "recordio", "recordio_im2rec", "recordio_newbuilder"}) {
    const std::vector<std::byte> file = read_file(test::formats() / name / "train.rec");
    const MemorySource source(file);
    std::vector<std::byte> again, head(record_head_size);
    for (uint64_t offset = 0; offset < file.size();) {
      const RecordPlace place = measure_record(source, offset, head);
      const std::vector<std::byte> payload = read_record(source, offset);
      const RecordHeader header = parse_record_header(payload, payload.size());
      const auto record = make_record(header, std::span(payload).last(header.image_size));
      again.insert(again.end(), record.begin(), record.end());
      offset = place.end;
    }
    EXPECT_EQ(again, file) << name;
  }
}

TEST(ForwardSource, ReadsWhatTheFileHas) {
  const test::TemporaryFolder folder;
  std::string content(3'000'000, '\0');
  std::mt19937 random(2);
  for (char& c : content) c = static_cast<char>(random());
  write_file(folder / "file", content);
  const FileSource file(folder / "file");
  const ForwardSource forward(file);
  uint64_t offset = 0;
  for (int i = 0; i < 3000; ++i) {
    const uint64_t size = random() % (i % 100 == 0 ? 300'000 : 3000);
    offset = i % 50 == 0 ? random() % content.size() : offset + random() % 5000;
    if (offset > content.size() || size > content.size() - offset) offset = content.size() - size;
    std::vector<std::byte> read(size);
    forward.read(offset, read);
    ASSERT_EQ(std::memcmp(read.data(), content.data() + offset, size), 0) << offset << " " << size;
  }
}

TEST(FileSource, AFileThatIsCutOffMeanwhileIsAnError) {
  const test::TemporaryFolder folder;
  write_file(folder / "file", std::string(100, 'x'));
  const FileSource file(folder / "file");
  fs::resize_file(folder / "file", 50);
  std::vector<std::byte> read(60);
  try {
    file.read(0, read);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), HasSubstr("file"));
    EXPECT_EQ(error.offset(), 50U);
  }
  EXPECT_THROW(FileSource(folder.path()), Error);
  EXPECT_THROW(FileSource(folder / "absent"), Error);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(FileSource(folder / "pipe"), Error);
}

}  // namespace
}  // namespace facerec
