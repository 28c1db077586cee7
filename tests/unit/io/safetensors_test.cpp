#include "facerec/io/safetensors.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

std::string file_of(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data_bytes, '\0');
}

std::string safetensors_error(const std::string& content) {
  const TemporaryFolder folder;
  write_file(folder / "a.safetensors", content);
  try {
    SafetensorsFile file(folder / "a.safetensors");
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), HasSubstr("a.safetensors"));
    return error.message();
  }
  return "no error";
}

TEST(Safetensors, RoundTrip) {
  const TemporaryFolder folder;
  const std::vector<float> weights{1, 2, 3, 4, 5, 6};
  const std::vector<uint8_t> flags{1, 0, 1};
  const std::vector<NamedTensor> tensors{{"flags", {"U8", {3}, std::as_bytes(std::span(flags))}},
                                         {"a.weight", {"F32", {2, 3}, std::as_bytes(std::span(weights))}},
                                         {"empty", {"F32", {0, 4}, {}}}};
  write_safetensors(folder / "a", tensors, {{"architecture", "ir_50"}});
  const SafetensorsFile file(folder / "a");
  EXPECT_EQ(file.metadata().at("architecture"), "ir_50");
  ASSERT_EQ(file.tensors().size(), 3U);
  const TensorView& view = file.at("a.weight");
  EXPECT_EQ(view.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(view.bytes.data(), weights.data(), view.bytes.size()), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(view.bytes.data()) % alignof(float), 0U);
  EXPECT_THROW(file.at("b"), Error);
}

TEST(Safetensors, ReadsWhatTheReferenceLibraryWrote) {
  FACEREC_NEEDS_TEST_DATA();
  const SafetensorsFile file(test::test_data() / "reference/numerics/checkpoints/plain.safetensors");
  EXPECT_FALSE(file.tensors().empty());
  const SafetensorsFile padded(test::test_data() / "reference/numerics/checkpoints/padded_header.safetensors");
  EXPECT_FALSE(padded.tensors().empty());
}

TEST(Safetensors, RefusesBadFiles) {
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(safetensors_error(file_of(good, 8)), "no error");
  EXPECT_THAT(safetensors_error(""), HasSubstr("shorter"));
  EXPECT_THAT(safetensors_error(file_of(good, 7)), HasSubstr("beyond the end"));
  EXPECT_THAT(safetensors_error(file_of(good, 9)), HasSubstr("bytes follow"));
  EXPECT_THAT(safetensors_error(std::string(8, '\xFF') + good), HasSubstr("longer than the file"));
  EXPECT_THAT(safetensors_error(file_of("[1]", 0)), HasSubstr("not a JSON object"));
  EXPECT_THAT(safetensors_error(file_of("{", 0)), HasSubstr("not JSON"));
  EXPECT_THAT(safetensors_error(file_of(std::string(100'000, '['), 0)), HasSubstr("not a valid"));
}

TEST(Safetensors, RefusesBadTensors) {
  auto with = [](const std::string& entry) { return file_of("{\"a\":" + entry + "}", 8); };
  EXPECT_THAT(safetensors_error(with(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})")),
              HasSubstr("do not agree"));
  EXPECT_THAT(safetensors_error(with(R"({"dtype":"F33","shape":[2],"data_offsets":[0,8]})")),
              HasSubstr("unknown dtype"));
  EXPECT_THAT(safetensors_error(with(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})")), HasSubstr("sizes"));
  EXPECT_THAT(safetensors_error(with(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})")), HasSubstr("sizes"));
  EXPECT_THAT(safetensors_error(with(R"({"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]})")),
              HasSubstr("do not agree"));
  EXPECT_THAT(safetensors_error(with(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})")),
              HasSubstr("bad data_offsets"));
  EXPECT_THAT(
      safetensors_error(
          with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":{"y":{"z":{"p":{"q":{"r":{"s":{"t":{}}}}}}}}})")),
      HasSubstr("deep"));
}

TEST(Safetensors, RefusesOverlapsHolesAndDuplicates) {
  auto entry = [](const char* name, int begin, int end) {
    return "\"" + std::string(name) + R"(":{"dtype":"U8","shape":[)" + std::to_string(end - begin) +
           R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  EXPECT_EQ(safetensors_error(file_of("{" + entry("a", 0, 4) + "," + entry("b", 4, 8) + "}", 8)), "no error");
  EXPECT_THAT(safetensors_error(file_of("{" + entry("a", 0, 5) + "," + entry("b", 4, 8) + "}", 8)),
              HasSubstr("overlap"));
  EXPECT_THAT(safetensors_error(file_of("{" + entry("a", 0, 3) + "," + entry("b", 4, 8) + "}", 8)), HasSubstr("holes"));
  EXPECT_THAT(safetensors_error(file_of("{" + entry("a", 0, 4) + "," + entry("a", 4, 8) + "}", 8)), HasSubstr("twice"));
}

}  // namespace
}  // namespace facerec
