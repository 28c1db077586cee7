// Arrays of bcolz: those that it wrote, every way of packing, and those that try to break a reader.
#include "io/bcolz.h"

#include <blosc.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "facerec/core/error.h"
#include "support/checkpoints.h"
#include "support/guarded.h"
#include "support/manifest.h"
#include "unit/io/allocations.h"

namespace facerec {
namespace {

using nlohmann::json;
using test::GuardedBytes;
using testing::ElementsAre;
using testing::HasSubstr;

// "" when the row is read.
std::string read_error(std::span<const std::byte> file, int64_t rows, int64_t row, std::span<float> numbers) {
  try {
    read_carray_row(file, rows, row, numbers);
  } catch (const Error& error) {
    EXPECT_TRUE(error.offset().has_value()) << error.what();
    EXPECT_LE(error.offset().value_or(0), file.size()) << error.what();
    return error.message();
  }
  return "";
}

class GoldenCarray : public testing::TestWithParam<const char*> {};

TEST_P(GoldenCarray, HasThePublishedNumbers) {
  FACEREC_NEEDS_TEST_DATA();
  const std::string path = std::string("bcolz/") + GetParam();
  const json& expected = test::manifest_of(path);
  const fs::path folder = test::formats() / path;
  const CarrayMeta meta = read_carray_meta(folder);
  EXPECT_EQ(meta.shape, expected["shape"].get<std::vector<int64_t>>());
  EXPECT_EQ(meta.chunk_rows, expected["chunklen"]);
  ASSERT_EQ(meta.chunks(), static_cast<int64_t>(expected["chunks"].size()));
  const auto row_numbers = static_cast<size_t>(meta.row_numbers());
  std::vector<float> all(static_cast<size_t>(meta.shape[0]) * row_numbers);
  for (int64_t row = meta.shape[0]; row-- > 0;) {  // in another order than they lie
    const int64_t chunk = row / meta.chunk_rows;
    const GuardedBytes file(read_file(carray_chunk(folder, chunk)));
    read_carray_row(file.bytes(), meta.rows_of(chunk), row % meta.chunk_rows,
                    std::span(all).subspan(static_cast<size_t>(row) * row_numbers, row_numbers));
  }
  EXPECT_EQ(test::sha256(std::as_bytes(std::span(all))), expected["sha256_float32"]);
}

INSTANTIATE_TEST_SUITE_P(Bcolz, GoldenCarray,
                         testing::Values("lfw", "lfw_blosclz_shuffle", "lfw_clevel0", "lfw_exact_chunks",
                                         "lfw_lz4hc_bitshuffle", "lfw_snappy_shuffle", "lfw_zlib_noshuffle",
                                         "lfw_zstd_noshuffle"),
                         [](const auto& test) { return std::string(test.param); });

// Numbers as pixels have them, with a part that does not shrink.
std::vector<float> numbers_of(size_t count) {
  std::mt19937 random(1);
  std::vector<float> numbers(count);
  for (size_t i = 0; i < count; ++i) {
    numbers[i] = i % 1000 < 200 ? static_cast<float>(random()) : static_cast<float>(i / 50 % 256) / 127.5F - 1;
  }
  return numbers;
}

struct Packing {
  const char* codec = "lz4";
  int shuffle = BLOSC_SHUFFLE;
  int level = 5;
  size_t block = 0;
};

std::vector<std::byte> packed(std::span<const float> numbers, const Packing& how) {
  std::vector<std::byte> file = carray_chunk_of(numbers.first(1), 1);
  file.resize(16 + numbers.size_bytes() + BLOSC_MAX_OVERHEAD);
  const int size = blosc_compress_ctx(how.level, how.shuffle, sizeof(float), numbers.size_bytes(), numbers.data(),
                                      file.data() + 16, file.size() - 16, how.codec, how.block, 1);
  EXPECT_GT(size, 0);
  file.resize(16 + static_cast<size_t>(size));
  return file;
}

TEST(Carray, ReadsEveryPackingRowByRow) {
  constexpr size_t row_numbers = 1500, rows = 11;
  const std::vector<float> numbers = numbers_of(rows * row_numbers);
  for (const char* codec : {"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"}) {
    for (const int shuffle : {BLOSC_NOSHUFFLE, BLOSC_SHUFFLE, BLOSC_BITSHUFFLE}) {
      for (const int level : {0, 1, 5, 9}) {
        for (const size_t block : {size_t{0}, size_t{128}, size_t{400}, size_t{4096}, size_t{1} << 20}) {
          const GuardedBytes file(packed(numbers, {codec, shuffle, level, block}));
          for (size_t row = 0; row < rows; ++row) {
            std::vector<float> read(row_numbers);
            const std::string error = read_error(file.bytes(), rows, static_cast<int64_t>(row), read);
            ASSERT_EQ(error, "") << codec << ' ' << shuffle << ' ' << level << ' ' << block;
            ASSERT_TRUE(std::equal(read.begin(), read.end(), numbers.data() + row * row_numbers)) << codec << row;
          }
        }
      }
    }
  }
}

TEST(Carray, WritesChunksAsBcolzDoes) {
  const std::vector<float> numbers = numbers_of(7 * 3 * 112 * 112);
  const std::vector<std::byte> file = carray_chunk_of(numbers, 3 * 112 * 112);
  const std::string start(reinterpret_cast<const char*>(file.data()), 28);
  EXPECT_EQ(start.substr(0, 16), std::string("blpk\1\0\0\0\1\0\0\0\0\0\0\0", 16));
  // Format 2, lz4 of format 1, shuffled, 4 bytes an element.
  EXPECT_EQ(start.substr(16, 4), std::string("\2\1\x21\4", 4));
  EXPECT_EQ(start.substr(20, 4), test::little(uint32_t{7 * 3 * 112 * 112 * 4}));
  EXPECT_EQ(start.substr(24, 4), test::little(uint32_t{3 * 112 * 112 * 4})) << "a block is not a row";
}

TEST(Carray, LeavesBytesBehindTheChunkAlone) {
  std::vector<float> numbers = numbers_of(4000), read(2000);
  std::vector<std::byte> file = packed(numbers, {});
  file.insert(file.end(), 64, std::byte{0xFF});
  EXPECT_EQ(read_error(file, 2, 1, read), "");
  EXPECT_TRUE(std::equal(read.begin(), read.end(), numbers.begin() + 2000));
}

TEST(Carray, RefusesEveryTruncation) {
  std::vector<float> row(2000);
  for (const Packing& how : {Packing{}, Packing{"zstd", 0, 5, 0}, Packing{"lz4", 1, 0, 0}}) {
    const std::vector<std::byte> good = packed(numbers_of(4000), how);
    for (size_t length = 0; length < good.size(); length += 5) {
      const GuardedBytes file{std::span(good).first(length)};
      EXPECT_NE(read_error(file.bytes(), 2, 0, row), "") << length;
    }
  }
}

TEST(Carray, RefusesADifferentNumberOfRows) {
  std::vector<float> row(1000);
  const std::vector<std::byte> file = packed(numbers_of(4000), {});
  EXPECT_EQ(read_error(file, 4, 3, row), "");
  EXPECT_THAT(read_error(file, 3, 2, row), HasSubstr("it holds 16000 bytes; its rows have 12000"));
  EXPECT_THAT(read_error(file, 5, 4, row), HasSubstr("rows"));
}

// Whatever stands in a chunk, the reader stays within its bytes and within memory that they justify.
TEST(Carray, SurvivesFlips) {
  std::mt19937 random(7);
  std::vector<float> row(2000);
  const std::vector<float> numbers = numbers_of(8000);
  for (const char* codec : {"blosclz", "lz4", "snappy", "zlib", "zstd"}) {
    for (const int shuffle : {BLOSC_NOSHUFFLE, BLOSC_SHUFFLE, BLOSC_BITSHUFFLE}) {
      const std::vector<std::byte> good = packed(numbers, {codec, shuffle, 5, 4096});
      for (int round = 0; round < 1000; ++round) {
        std::vector<std::byte> bad = good;
        for (int flips = 0; flips < 3; ++flips) {
          const size_t within = round % 2 == 0 ? bad.size() : 128;  // the header and the table more often
          bad[random() % within] = static_cast<std::byte>(random());
        }
        const GuardedBytes file(bad);
        test::largest_allocation = 0;
        read_error(file.bytes(), 4, static_cast<int64_t>(random() % 4), row);
        EXPECT_LT(test::largest_allocation, size_t{1} << 20);
      }
    }
  }
}

TEST(CarrayMeta, IsReadAsItWasWritten) {
  const test::TemporaryFolder folder;
  const CarrayMeta meta{{40, 3, 112, 112}, 7};
  write_carray_meta(folder.path(), meta, 1000);
  const CarrayMeta read = read_carray_meta(folder.path());
  EXPECT_EQ(read.shape, meta.shape);
  EXPECT_EQ(read.chunk_rows, 7);
  EXPECT_EQ(read.chunks(), 6);
  EXPECT_EQ(read.rows_of(5), 5);
}

TEST(CarrayMeta, IsWrittenAsBcolzDoes) {
  FACEREC_NEEDS_TEST_DATA();
  const test::TemporaryFolder folder;
  write_carray_meta(folder.path(), {{40, 3, 112, 112}, 7}, 1492800);  // what bcolz counted as compressed
  for (const char* file : {"meta/sizes", "meta/storage", "__attrs__"}) {
    EXPECT_EQ(read_text(folder / file), read_text(test::formats() / "bcolz/lfw" / file)) << file;
  }
}

template <class Parse>
std::string parse_error(Parse parse, const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(CarrayMeta, RefusesShapesThatAreNone) {
  for (const char* shape : {"[]", "[0, 3]", "[-4, 3]", "[4.5]", "[\"4\"]", "[true]", "[null]", "[[4]]", "4", "{}",
                            "[1e30]", "[4611686018427387904, 3]", "[18446744073709551615]", "[99999999999999999999]"}) {
    EXPECT_THAT(parse_error(parse_carray_sizes, fmt::format("{{\"shape\": {}}}", shape)), HasSubstr("shape")) << shape;
  }
  EXPECT_THAT(parse_carray_sizes("{\"shape\": [1], \"shape\": [2, 5]}"), ElementsAre(2, 5)) << "as Python reads it";
}

TEST(CarrayMeta, RefusesWhatIsNotItsJson) {
  for (const char* text : {"", "[]", "null", "{", "{\"shape\"", "\xFF\xFE", "{} {}", "{\"size\": [1]}"}) {
    EXPECT_NE(parse_error(parse_carray_sizes, text), "no error") << text;
    EXPECT_NE(parse_error(parse_carray_storage, text), "no error") << text;
  }
  const std::string deep = "{\"shape\": " + std::string(20000, '[');
  EXPECT_THAT(parse_error(parse_carray_sizes, deep), HasSubstr("too deeply"));
}

TEST(CarrayMeta, RefusesOtherTypes) {
  for (const char* type : {"float64", "uint8", "|u1", ">f4", "object", "open('/etc/passwd')"}) {
    const std::string text = fmt::format(R"({{"dtype": "{}", "chunklen": 7}})", type);
    EXPECT_THAT(parse_error(parse_carray_storage, text), HasSubstr("only float32 is read")) << type;
  }
  for (const char* rows : {"0", "-3", "\"7\"", "7.0", "null", "1e400"}) {
    const std::string text = fmt::format(R"({{"dtype": "<f4", "chunklen": {}}})", rows);
    EXPECT_NE(parse_error(parse_carray_storage, text), "no error") << rows;
  }
}

}  // namespace
}  // namespace facerec
