#include "io/zip.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "io/zip_write.h"
#include "support/checkpoints.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::little;
using test::TemporaryFolder;
using testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string written(const std::vector<ZipRecord>& records) {
  const TemporaryFolder folder;
  write_zip(folder / "a.zip", records);
  return read_text(folder / "a.zip");
}

// The content of `name`, or the error.
std::string content(const std::string& file, std::string_view name) {
  TensorMemory memory(bytes_of(file));
  try {
    const ZipArchive archive(memory);
    const ZipEntry* entry = archive.find(name);
    if (entry == nullptr) return "none";
    const auto bytes = archive.read(*entry);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  } catch (const Error& error) {
    return error.message();
  }
}

const std::string two = written({{"r/b", bytes_of("second")}, {"r/a", bytes_of("first")}});

TEST(Zip, RoundTrip) {
  EXPECT_EQ(content(two, "r/a"), "first");
  EXPECT_EQ(content(two, "r/b"), "second");
  EXPECT_EQ(content(two, "r/c"), "none");
  EXPECT_EQ(content(written({}), "r/a"), "none");
}

TEST(Zip, ContentsAreAligned) {
  TensorMemory memory(bytes_of(two));
  const ZipArchive archive(memory);
  for (const ZipEntry& entry : archive.entries()) EXPECT_EQ(entry.offset % 64, 0U);
}

TEST(Zip, ManyRecordsMakeItZip64) {
  std::vector<ZipRecord> records;
  for (int i = 0; i < 70000; ++i) records.push_back({std::to_string(i), bytes_of("x")});
  const std::string file = written(records);
  EXPECT_EQ(content(file, "69999"), "x");
  EXPECT_THAT(file.substr(file.size() - 100), HasSubstr("PK\x06\x06"));
}

// Sizes and offsets of 32 bits may say that the true ones stand in a zip64 field, whatever they are.
TEST(Zip, ReadsZip64Fields) {
  const std::string name = "r/a", data = "some content";
  const uint32_t crc = 0x431F313F;
  const std::string sizes = little(uint64_t{data.size()});
  const std::string field = little<uint16_t>(1) + little<uint16_t>(16) + sizes + sizes;
  const std::string common = little<uint16_t>(45) + std::string(8, '\0') + little(crc) + little(UINT32_MAX) +
                             little(UINT32_MAX) + little(static_cast<uint16_t>(name.size()));
  const std::string local = "PK\x03\x04" + common + little(static_cast<uint16_t>(field.size())) + name + field + data;
  const std::string far = little<uint16_t>(1) + little<uint16_t>(24) + sizes + sizes + little<uint64_t>(0);
  const std::string central = "PK\x01\x02" + little<uint16_t>(45) + common + little(static_cast<uint16_t>(far.size())) +
                              std::string(10, '\0') + little(UINT32_MAX) + name + far;
  const std::string end64 = "PK\x06\x06" + little<uint64_t>(44) + little<uint32_t>(0x2D002D) + std::string(8, '\0') +
                            little<uint64_t>(1) + little<uint64_t>(1) + little<uint64_t>(central.size()) +
                            little<uint64_t>(local.size());
  const std::string locator =
      "PK\x06\x07" + std::string(4, '\0') + little<uint64_t>(local.size() + central.size()) + little<uint32_t>(1);
  const std::string end = "PK\x05\x06" + std::string(4, '\0') + little(UINT32_MAX) + little(UINT32_MAX) +
                          little(UINT32_MAX) + little<uint16_t>(0);
  EXPECT_EQ(content(local + central + end64 + locator + end, name), data);
  EXPECT_THAT(content(local + central + end, name), HasSubstr("damaged"));
  std::string moved = local + central + end64 + locator + end;
  moved.replace(local.size() + central.size() + end64.size() + 8, 8, little(UINT64_MAX));
  EXPECT_THAT(content(moved, name), HasSubstr("zip64"));
}

TEST(Zip, RefusesBadHeaders) {
  const size_t central = two.find("PK\x01\x02"), end = two.rfind("PK\x05\x06");
  const auto changed = [&](size_t at, std::string_view bytes) {
    std::string file = two;
    file.replace(at, bytes.size(), bytes);
    return content(file, "r/a");
  };
  using namespace std::string_view_literals;
  EXPECT_THAT(changed(central + 8, "\x01\x08"), HasSubstr("encrypted"));
  EXPECT_THAT(changed(central + 10, "\x0C"), HasSubstr("method 12"));
  EXPECT_THAT(changed(central + 24, "\x07"), HasSubstr("two sizes"));
  EXPECT_THAT(changed(central + 42, "\x01"), HasSubstr("not where"));
  EXPECT_THAT(changed(central + 46, "r/c"), HasSubstr("two names"));
  EXPECT_THAT(changed(central + 46, "../"), HasSubstr("impossible name"));
  EXPECT_THAT(changed(end + 4, "\x01"), HasSubstr("several"));
  EXPECT_THAT(changed(end + 8, "\x03\x00\x03"sv), HasSubstr("too short"));
  EXPECT_THAT(changed(end + 12, "\xFF\xFF"), HasSubstr("outside"));
  EXPECT_THAT(content(two.substr(0, two.size() - 1), "r/a"), HasSubstr("no end record"));
  EXPECT_THAT(content(two + "x", "r/a"), HasSubstr("no end record"));
  EXPECT_THAT(content("PK", "r/a"), HasSubstr("shorter"));
  EXPECT_THAT(content(written({{"a", bytes_of("1")}, {"a", bytes_of("2")}}), "a"), HasSubstr("twice"));
  EXPECT_THAT(changed(two.find("first"), "F"), HasSubstr("checksum"));
}

TEST(Zip, AComment) {
  std::string file = two;
  file[file.size() - 2] = 5;
  EXPECT_EQ(content(file + "hello", "r/a"), "first");
}

}  // namespace
}  // namespace facerec
