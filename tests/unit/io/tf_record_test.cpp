// TensorFlow's record files: framing, Example messages, compressed streams.
#include "io/tf_record.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <random>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "io/crc32c.h"
#include "io/inflate.h"
#include "io/tf_example.h"
#include "support/reference.h"
#include "unit/io/allocations.h"

namespace facerec {
namespace {

using testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of_bytes(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error("no error");
}

// Of a file in memory.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : source_(file), reader_(source_, file.size()) {}
  explicit Reader(std::string_view file) : Reader(bytes_of(file)) {}
  TfRecord read(uint64_t offset) { return reader_.read(offset); }

 private:
  MemorySource source_;
  TfRecordReader reader_;
};

std::string file_of(const std::vector<std::string>& records) {
  std::string file;
  for (const std::string& record : records) file += text_of_bytes(write_tf_record(bytes_of(record)));
  return file;
}

std::string head_of(uint64_t length) {
  const std::string number(reinterpret_cast<const char*>(&length), sizeof length);
  const uint32_t checksum = mask_crc32c(crc32c(bytes_of(number)));
  return number + std::string(reinterpret_cast<const char*>(&checksum), sizeof checksum);
}

fs::path golden(const std::string& name) { return test::test_data() / "reference/formats/tfrecord" / name; }

TEST(TfRecord, ReadsWhatTensorFlowWrote) {
  FACEREC_NEEDS_TEST_DATA();
  const std::vector<std::byte> file = read_file(golden("train_bin.tfrecord"));
  EXPECT_TRUE(begins_tf_record(file));
  EXPECT_FALSE(is_deflated(file));
  Reader reader(file);
  std::string written;
  int count = 0;
  for (uint64_t at = 0; at < file.size(); ++count) {
    const TfRecord record = reader.read(at);
    EXPECT_TRUE(record.intact());
    written += text_of_bytes(write_tf_record(record.data));
    at = record.end;
  }
  EXPECT_EQ(count, 32);
  EXPECT_TRUE(written == text_of_bytes(file));
}

TEST(TfRecord, GivesRecordsOfAnySize) {
  const std::vector<std::string> records{"", "a", std::string(100000, 'x'), ""};
  const std::string file = file_of(records);
  Reader reader(file);
  uint64_t at = 0;
  for (const std::string& expected : records) {
    const TfRecord record = reader.read(at);
    EXPECT_EQ(text_of_bytes(record.data), expected);
    at = record.end;
  }
  EXPECT_EQ(at, file.size());
}

TEST(TfRecord, TellsDamageApart) {
  const std::string good = file_of({"first", "second"});
  const uint64_t second = 16 + 5;
  std::string file = good;
  file[second + 13] ^= 1;
  Reader reader(file);
  const TfRecord record = reader.read(second);
  EXPECT_FALSE(record.intact());
  EXPECT_EQ(record.end, file.size());
  file = good;
  file[second + 2] ^= 1;
  const Error error = error_of([&] { Reader(file).read(second); });
  EXPECT_THAT(error.message(), HasSubstr("checksum of a record's length"));
  EXPECT_EQ(error.offset(), second);
  EXPECT_THAT(error_of([&] { Reader("a text that is no record").read(0); }).message(), HasSubstr("no TFRecord file"));
}

TEST(TfRecord, EveryCutIsAnError) {
  const std::string file = file_of({"first", "second"});
  const uint64_t second = 16 + 5;
  for (uint64_t size = second; size < file.size(); ++size) {
    const Error error = error_of([&] { Reader(bytes_of(file).first(size)).read(second); });
    EXPECT_THAT(error.message(), HasSubstr("ends inside the record")) << size;
    EXPECT_EQ(error.offset(), second);
  }
  for (const uint64_t beyond : {uint64_t{file.size()} + 1, UINT64_MAX, UINT64_MAX - 11}) {
    EXPECT_THAT(error_of([&] { Reader(file).read(beyond); }).message(), HasSubstr("ends inside"));
  }
}

TEST(TfRecord, LengthsAreNotBelieved) {
  for (const uint64_t length : {max_tf_record + 1, uint64_t{1} << 62, UINT64_MAX, UINT64_MAX - 15}) {
    const std::string file = head_of(length) + std::string(64, 'x');
    EXPECT_THAT(error_of([&] { Reader(file).read(0); }).message(), HasSubstr("a record of"));
    TfRecordStream stream;
    EXPECT_THAT(error_of([&] { stream.take(bytes_of(file)); }).message(), HasSubstr("a record of"));
  }
  const std::string file = head_of(max_tf_record) + std::string(64, 'x');
  EXPECT_THAT(error_of([&] { Reader(file).read(0); }).message(), HasSubstr("ends inside"));
  EXPECT_THAT(error_of([&] { write_tf_record(std::vector<std::byte>(max_tf_record + 1)); }).message(),
              HasSubstr("a record of"));
}

TEST(TfRecordStream, FollowsRecordsInPiecesOfAnySize) {
  const std::string file = file_of({"", "first", "", std::string(300, 'x')});
  for (size_t piece = 1; piece < 40; ++piece) {
    TfRecordStream stream;
    for (size_t at = 0; at < file.size(); at += piece) {
      stream.take(bytes_of(file).subspan(at, std::min(piece, file.size() - at)));
    }
    EXPECT_NO_THROW(stream.finish()) << piece;
  }
}

TEST(TfRecordStream, TellsWhichRecordIsCutOff) {
  const std::string file = file_of({"first", "second"});
  for (size_t size = 0; size < file.size(); ++size) {
    TfRecordStream stream;
    stream.take(bytes_of(file).first(size));
    const Error error = error_of([&] { stream.finish(); });
    if (size == 0 || size == 21) {
      EXPECT_EQ(error.message(), "no error");
    } else {
      EXPECT_EQ(error.offset(), size < 21 ? 0U : 21U) << size;
    }
  }
  std::string damaged = file;
  damaged[23] ^= 1;
  TfRecordStream stream;
  EXPECT_EQ(error_of([&] { stream.take(bytes_of(damaged)); }).offset(), 21U);
}

// Field 1 … of a message, with a count in front.
std::string field(char tag, const std::string& content) {
  EXPECT_LT(content.size(), 128U);
  return std::string(1, tag) + static_cast<char>(content.size()) + content;
}

std::string example_of(const std::string& name, const std::string& feature) {
  return field('\x0A', field('\x0A', field('\x0A', name) + field('\x12', feature)));
}

TEST(TfExample, ReadsWhatTensorFlowWrote) {
  FACEREC_NEEDS_TEST_DATA();
  for (const char* name : {"train_bin.tfrecord", "train_bin_extra_features.tfrecord"}) {
    const std::vector<std::byte> file = read_file(golden(name));
    Reader reader(file);
    const TfExample example(reader.read(0).data);
    EXPECT_EQ(example.number("image/source_id"), 4);
    EXPECT_EQ(example.bytes("image/filename"), "4/Anders_Fogh_Rasmussen_0001.jpg");
    EXPECT_TRUE(example.bytes("image/encoded").value().starts_with("\xFF\xD8"));
    EXPECT_EQ(example.bytes("image/img_path"), std::nullopt);
  }
}

TEST(TfExample, ReadsWhatItWrites) {
  TfExampleWriter writer;
  const std::string large(300000, 'x');
  writer.add("large", large);
  for (const int64_t number : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{127}, int64_t{128}, INT64_MAX}) {
    writer.add(std::to_string(number), number);
  }
  writer.add("empty", "");
  const std::string message = writer.message();
  const TfExample example(bytes_of(message));
  EXPECT_TRUE(example.bytes("large") == large);
  EXPECT_EQ(example.bytes("empty"), "");
  for (const int64_t number : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{127}, int64_t{128}, INT64_MAX}) {
    EXPECT_EQ(example.number(std::to_string(number)), number);
  }
  EXPECT_EQ(example.number("absent"), std::nullopt);
}

TEST(TfExample, NumbersNeedNotBePacked) {
  const std::string message = example_of("n", field('\x1A', std::string("\x08\x05")));
  EXPECT_EQ(TfExample(bytes_of(message)).number("n"), 5);
}

TEST(TfExample, TakesOneValueOfTheRightKind) {
  const std::string one_float = field('\x12', field('\x0A', "\1\2\3\4"));
  const std::string one_text = field('\x0A', field('\x0A', "text")), none = field('\x1A', "");
  const std::string two = field('\x1A', field('\x0A', "\1\2")), two_loose = field('\x1A', "\x08\1\x08\2");
  auto number_error = [](const std::string& message) {
    return error_of([&] { TfExample(bytes_of(message)).number("n"); }).message();
  };
  EXPECT_EQ(number_error(example_of("n", one_text)), "n has no list of integers");
  EXPECT_EQ(number_error(example_of("n", one_float)), "n has no list of integers");
  EXPECT_EQ(number_error(example_of("n", "")), "n has no list of integers");
  EXPECT_EQ(number_error(example_of("n", none)), "n has no values, where one is needed");
  for (const std::string& feature : {two, two_loose}) {
    EXPECT_EQ(number_error(example_of("n", feature)), "n has several values, where one is needed");
  }
  const std::string message = example_of("n", two);
  EXPECT_EQ(error_of([&] { TfExample(bytes_of(message)).bytes("n"); }).message(), "n has no list of bytes");
  const std::string entry = field('\x0A', field('\x0A', "n") + field('\x12', field('\x1A', "\x08\1")));
  EXPECT_EQ(number_error(field('\x0A', entry)), "no error");
  EXPECT_EQ(number_error(field('\x0A', entry + entry)), "n occurs twice");
  EXPECT_EQ(error_of([&] { TfExample(bytes_of("")).number("n"); }).message(), "no error");
}

TEST(TfExample, DamageIsAnErrorWithItsOffset) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> cases{
      {std::string(10000, '\x0B'), "wire type 3"},
      {"\x0C", "wire type 4"},
      {"\x0E", "wire type 6"},
      {"\x0F", "wire type 7"},
      {std::string(20, '\xFF'), "ten digits"},
      {"\x0A" + std::string(9, '\x80') + "\x01", "a length leads beyond"},  // 2^63
      {"\x0A" + std::string(9, '\xFF') + "\x01", "a length leads beyond"},  // 2^64 - 1
      {"\x09\1\2\3", "a length leads beyond"},
      {"\x02\0"s, "impossible number"},
      {"\x80\x80\x80\x80\x80\x01\1", "impossible number"},
      {"\x08\1", "field 1 has the wire type 0"},
      {"\x0A\0\x0A\0"s, "field 1 occurs twice"},
  };
  for (const auto& [message, expected] : cases) {
    const Error error = error_of([&] { TfExample(bytes_of(message), 1000).number("n"); });
    EXPECT_THAT(error.message(), HasSubstr(expected));
    EXPECT_THAT(error.message(), HasSubstr("no tf.train.Example"));
    EXPECT_THAT(error.offset(), testing::Optional(testing::AllOf(testing::Ge(1000U), testing::Le(1012U))));
  }
}

TEST(TfExample, EveryCutAndEveryChangeGivesAValueOrAnError) {
  TfExampleWriter writer;
  writer.add("image/source_id", 77);
  writer.add("image/encoded", "the bytes");
  const std::string good = writer.message();
  test::largest_allocation = 0;
  for (size_t size = 1; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);
    EXPECT_NE(error_of([&] { TfExample(bytes_of(cut)).number("image/source_id"); }).message(), "no error");
  }
  for (size_t i = 0; i < good.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = good;
      changed[i] = static_cast<char>(value);
      error_of([&] {
        const TfExample example(bytes_of(changed));
        example.number("image/source_id");
        example.bytes("image/encoded");
      });
    }
  }
  EXPECT_LT(test::largest_allocation, size_t{64} << 10);
}

// With zlib's own encoder; window: 15 for zlib, 31 for gzip.
std::string deflated(const std::string& text, int window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string inflated(std::string_view packed) {
  const MemorySource source(bytes_of(packed));
  Inflater inflater(source);
  std::string text;
  for (auto piece = inflater.next(); !piece.empty(); piece = inflater.next()) text += text_of_bytes(piece);
  return text;
}

std::string noise(size_t size) {
  std::mt19937 random(1);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST(Inflater, UnpacksGzipAndZlib) {
  for (const int window : {15, 31}) {
    for (const std::string& text : {std::string(), std::string("text"), noise(1000000), std::string(262144, 'x')}) {
      const std::string packed = deflated(text, window);
      EXPECT_TRUE(is_deflated(bytes_of(packed)));
      EXPECT_TRUE(inflated(packed) == text);
    }
  }
  EXPECT_EQ(inflated(deflated("one, ", 31) + deflated("", 31) + deflated("two", 31)), "one, two");
}

TEST(Inflater, EveryCutIsAnError) {
  for (const int window : {15, 31}) {
    const std::string packed = deflated("some text, some text, some text", window);
    for (size_t size = 0; size < packed.size(); ++size) {
      const Error error = error_of([&] { inflated(packed.substr(0, size)); });
      EXPECT_THAT(error.message(), HasSubstr("is cut off")) << size;
      EXPECT_EQ(error.offset(), size);
    }
  }
}

TEST(Inflater, DamageIsAnErrorWithItsOffset) {
  const std::string text = noise(5000);
  for (const int window : {15, 31}) {
    std::string packed = deflated(text, window);
    packed[packed.size() - 5] ^= 1;  // the checksum, or the last byte before it
    EXPECT_THAT(error_of([&] { inflated(packed); }).message(), HasSubstr("is damaged")) << window;
    for (const std::string& behind : {std::string("garbage"), std::string(1, '\0'), deflated("x", 15)}) {
      packed = deflated(text, window);
      const Error error = error_of([&] { inflated(packed + behind); });
      EXPECT_THAT(error.message(), HasSubstr("something behind its end"));
      EXPECT_EQ(error.offset(), packed.size());
    }
  }
  EXPECT_THAT(error_of([&] { inflated(deflated("x", 15) + deflated("y", 31)); }).message(),
              HasSubstr("behind its end"));
  EXPECT_THAT(error_of([&] { inflated("neither of them"); }).message(), HasSubstr("is damaged"));
}

TEST(Inflater, RefusesABombWithoutUnpackingIt) {
  const std::string packed = deflated(std::string(200000000, '\0'), 31);  // to a thousandth
  test::largest_allocation = 0;
  const MemorySource source(bytes_of(packed));
  Inflater inflater(source);
  uint64_t size = 0;
  const Error error = error_of([&] {
    for (auto piece = inflater.next(); !piece.empty(); piece = inflater.next()) size += piece.size();
  });
  EXPECT_THAT(error.message(), HasSubstr("more than 64 times its size"));
  EXPECT_LE(size, 64 * packed.size() + (size_t{64} << 20));
  EXPECT_LT(test::largest_allocation, size_t{1} << 20);
}

}  // namespace
}  // namespace facerec
