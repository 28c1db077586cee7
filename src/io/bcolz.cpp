#include "io/bcolz.h"

#include <blosc.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

using nlohmann::json;

constexpr uint64_t max_meta = 65536;  // bytes of a JSON file; bcolz writes some 150
constexpr int max_depth = 8;
constexpr size_t max_dimensions = 32;
// C-Blosc chooses 1 MiB at most unless it is told otherwise.
constexpr uint32_t max_block = 1 << 24;

constexpr uint64_t file_header = 16;  // then the chunk
constexpr std::array<char, 16> file_start{'b', 'l', 'p', 'k', 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};

enum Flag : uint8_t { shuffled = 1, stored = 2, bit_shuffled = 4, reserved = 8, not_split = 16 };
constexpr unsigned codecs = 5;  // blosclz, lz4, snappy, zlib, zstd

Error bad_meta(const std::string& what) { return Error("is not of a bcolz array that is read here: " + what); }

Error bad_chunk(const std::string& what, uint64_t offset) {
  return Error("is a damaged bcolz chunk: " + what).hint("it may not have arrived whole: get it again").offset(offset);
}

json parse_object(std::string_view text) {
  const auto watch = [](int depth, json::parse_event_t, json&) {
    if (depth > max_depth) throw bad_meta("it is nested too deeply");
    return true;
  };
  json object;
  try {
    object = json::parse(text, watch);
  } catch (const json::parse_error& failure) {
    throw bad_meta("it is not JSON").offset(failure.byte - std::min<size_t>(failure.byte, 1));  // it counts from 1
  } catch (const json::exception&) {
    throw bad_meta("it is not JSON");
  }
  if (!object.is_object()) throw bad_meta("it is not a JSON object");
  return object;
}

const json& member(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw bad_meta(fmt::format("it has no {}", key));
  return *found;
}

// 0 for what is no count.
int64_t positive(const json& value) {
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX)) return 0;
  return std::max<int64_t>(value.get<int64_t>(), 0);
}

template <class Parse>
auto parse_meta(const fs::path& path, Parse parse) {
  const std::string text = read_text(path, max_meta);
  try {
    return parse(text);
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
}

// A chunk of C-Blosc that is checked before the library sees it: the library trusts that the size in the header is that
// of the memory it is given.
class Chunk {
 public:
  Chunk(std::span<const std::byte> file, uint64_t size) : file_(file) {
    if (file.size() < file_header || std::memcmp(file.data(), file_start.data(), 4) != 0) {
      throw bad_chunk("it does not begin as one", 0);
    }
    if (static_cast<char>(file[4]) != file_start[4]) throw bad_chunk("its version is unknown", 4);
    if (std::memcmp(file.data() + 8, &file_start[8], 8) != 0) throw bad_chunk("it does not hold one chunk", 8);
    if (file.size() < file_header + BLOSC_MIN_HEADER_LENGTH) throw bad_chunk("it ends too early", file.size());
    check_header(size);
    if ((flags() & stored) == 0) check_table();
  }

  // `count` numbers from number `first` on.
  void read(uint64_t first, std::span<float> numbers) const {
    if ((flags() & stored) != 0) {
      std::memcpy(numbers.data(), chunk() + BLOSC_MIN_HEADER_LENGTH + first * sizeof(float), numbers.size_bytes());
      return;
    }
    const uint64_t end = first + numbers.size(), numbers_a_block = block_size() / sizeof(float);
    for (uint64_t at = first; at < end;) {
      const uint64_t block = at / numbers_a_block, block_end = std::min(end, (block + 1) * numbers_a_block);
      check_streams(block);
      const auto wanted = static_cast<int>(block_end - at);
      const int got = blosc_getitem(chunk(), static_cast<int>(at), wanted, &numbers[at - first]);
      if (got != wanted * static_cast<int>(sizeof(float))) {
        throw bad_chunk("a block cannot be unpacked", file_header + start_of(block));
      }
      at = block_end;
    }
  }

 private:
  const std::byte* chunk() const { return file_.data() + file_header; }
  uint8_t byte(uint64_t at) const { return static_cast<uint8_t>(chunk()[at]); }
  uint32_t word(uint64_t at) const {
    uint32_t value = 0;
    std::memcpy(&value, chunk() + at, sizeof value);
    return value;
  }
  uint8_t flags() const { return byte(2); }
  uint64_t size() const { return word(4); }
  uint64_t block_size() const { return word(8); }
  uint64_t compressed_size() const { return word(12); }
  uint64_t blocks() const { return (size() + block_size() - 1) / block_size(); }

  void check_header(uint64_t expected) const {
    const auto require = [](bool condition, uint64_t at, const std::string& what) {
      if (!condition) throw bad_chunk(what, file_header + at);
    };
    require(byte(0) == BLOSC_VERSION_FORMAT, 0, fmt::format("its Blosc format is {}", byte(0)));
    require(flags() >> 5 < codecs, 2, "its codec is unknown");
    require(byte(1) == 1, 1, fmt::format("its codec's format is {}", byte(1)));
    require((flags() & reserved) == 0, 2, "a flag is unknown");
    require((flags() & (shuffled | bit_shuffled)) != (shuffled | bit_shuffled), 2, "it is shuffled in two ways");
    require(byte(3) == sizeof(float), 3, fmt::format("its elements have {} bytes, not 4", byte(3)));
    require(size() == expected, 4, fmt::format("it holds {} bytes; its rows have {}", size(), expected));
    require(
        block_size() > 0 && block_size() <= std::min<uint64_t>(size(), max_block) && block_size() % sizeof(float) == 0,
        8, fmt::format("its blocks have {} bytes", block_size()));
    require(compressed_size() >= BLOSC_MIN_HEADER_LENGTH && compressed_size() <= file_.size() - file_header, 12,
            fmt::format("it has {} bytes, and the file {}", compressed_size(), file_.size()));
    require((flags() & stored) == 0 || compressed_size() == size() + BLOSC_MIN_HEADER_LENGTH, 12,
            "its size is not that of what it stores");
  }

  // The library reads the whole table, and looks at nothing else of the blocks that it does not unpack.
  void check_table() const {
    const uint64_t table_end = BLOSC_MIN_HEADER_LENGTH + blocks() * sizeof(uint32_t);
    if (table_end > compressed_size()) throw bad_chunk("it has more blocks than bytes", file_header + 8);
    for (uint64_t block = 0; block < blocks(); ++block) {
      if (start_of(block) >= table_end && start_of(block) < compressed_size()) continue;
      throw bad_chunk("a block begins outside of it", file_header + place_of(block));
    }
  }

  static uint64_t place_of(uint64_t block) { return BLOSC_MIN_HEADER_LENGTH + block * sizeof(uint32_t); }
  uint64_t start_of(uint64_t block) const { return word(place_of(block)); }

  // Blocks are split into a stream for each byte of an element unless a flag says otherwise, they are short (fewer than
  // 128 elements), or the last one and incomplete.
  uint64_t streams(uint64_t block) const {
    const bool whole = (block + 1) * block_size() <= size();
    return whole && (flags() & not_split) == 0 && block_size() / sizeof(float) >= 128 ? sizeof(float) : 1;
  }

  void check_streams(uint64_t block) const {
    uint64_t at = start_of(block);
    for (uint64_t left = streams(block); left > 0; --left) {
      if (compressed_size() - at < sizeof(uint32_t)) throw bad_chunk("a stream begins outside of it", file_header + at);
      const uint64_t length = word(at);
      if (length == 0 || length > compressed_size() - at - sizeof(uint32_t)) {
        throw bad_chunk(fmt::format("a stream claims {} bytes", static_cast<int32_t>(length)), file_header + at);
      }
      at += sizeof(uint32_t) + length;
    }
  }

  std::span<const std::byte> file_;
};

}  // namespace

int64_t CarrayMeta::row_numbers() const {
  int64_t count = 1;
  for (size_t i = 1; i < shape.size(); ++i) count *= shape[i];
  return count;
}

int64_t CarrayMeta::chunks() const { return (shape[0] - 1) / chunk_rows + 1; }

int64_t CarrayMeta::rows_of(int64_t chunk) const { return std::min(chunk_rows, shape[0] - chunk * chunk_rows); }

std::vector<int64_t> parse_carray_sizes(std::string_view text) {
  const json object = parse_object(text);
  const json& list = member(object, "shape");
  if (!list.is_array() || list.empty() || list.size() > max_dimensions) throw bad_meta("its shape is not a list");
  std::vector<int64_t> shape;
  int64_t bytes = sizeof(float);
  for (const json& extent : list) {
    shape.push_back(positive(extent));
    if (shape.back() == 0 || __builtin_mul_overflow(bytes, shape.back(), &bytes)) {
      throw bad_meta(fmt::format("its shape is {}", printable(list.dump())));
    }
  }
  return shape;
}

int64_t parse_carray_storage(std::string_view text) {
  const json object = parse_object(text);
  const json& dtype = member(object, "dtype");
  if (!dtype.is_string()) throw bad_meta("its dtype is not a text");
  const auto& name = dtype.get_ref<const std::string&>();
  if (name != "float32" && name != "<f4") {
    throw bad_meta(fmt::format("its elements are of type '{}'; only float32 is read", printable(name)));
  }
  const int64_t chunk_rows = positive(member(object, "chunklen"));
  if (chunk_rows == 0) throw bad_meta("its chunklen is not a number of rows");
  return chunk_rows;
}

CarrayMeta read_carray_meta(const fs::path& folder) {
  CarrayMeta meta{parse_meta(folder / "meta/sizes", parse_carray_sizes),
                  parse_meta(folder / "meta/storage", parse_carray_storage)};
  const int64_t row_bytes = meta.row_numbers() * static_cast<int64_t>(sizeof(float));
  if (meta.chunk_rows > BLOSC_MAX_BUFFERSIZE / row_bytes) {
    throw bad_meta(
        fmt::format("its chunklen is {} rows of {} bytes, more than a chunk can hold", meta.chunk_rows, row_bytes))
        .file(text_of(folder / "meta/storage"));
  }
  return meta;
}

fs::path carray_chunk(const fs::path& folder, int64_t chunk) { return folder / fmt::format("data/__{}.blp", chunk); }

void read_carray_row(std::span<const std::byte> file, int64_t rows, int64_t row, std::span<float> numbers) {
  const uint64_t chunk_bytes = static_cast<uint64_t>(rows) * numbers.size_bytes();
  Chunk(file, chunk_bytes).read(static_cast<uint64_t>(row) * numbers.size(), numbers);
}

std::vector<std::byte> carray_chunk_of(std::span<const float> numbers, size_t row_numbers) {
  constexpr int level = 5, threads = 1;
  std::vector<std::byte> file(file_header + numbers.size_bytes() + BLOSC_MAX_OVERHEAD);
  std::memcpy(file.data(), file_start.data(), file_header);
  // The library asks for the size of a block, but takes that of its split, which is a quarter of it here.
  const size_t split = row_numbers;
  const int size =
      blosc_compress_ctx(level, BLOSC_SHUFFLE, sizeof(float), numbers.size_bytes(), numbers.data(),
                         file.data() + file_header, file.size() - file_header, BLOSC_LZ4_COMPNAME, split, threads);
  if (size <= 0) throw Error(fmt::format("{} numbers cannot be compressed", numbers.size()));
  file.resize(file_header + static_cast<size_t>(size));
  return file;
}

void write_carray_meta(const fs::path& folder, const CarrayMeta& meta, uint64_t compressed) {
  make_folder(folder / "meta");
  const auto bytes = static_cast<uint64_t>(meta.shape[0] * meta.row_numbers()) * sizeof(float);
  write_file(folder / "meta/sizes", fmt::format("{{\"shape\": [{}], \"nbytes\": {}, \"cbytes\": {}}}\n",
                                                fmt::join(meta.shape, ", "), bytes, compressed));
  write_file(folder / "meta/storage",
             fmt::format("{{\"dtype\": \"float32\", \"cparams\": {{\"clevel\": 5, \"shuffle\": 1, \"cname\": \"lz4\", "
                         "\"quantize\": 0}}, \"chunklen\": {}, \"expectedlen\": {}, \"dflt\": 0.0}}\n",
                         meta.chunk_rows, meta.shape[0]));
  write_file(folder / "__attrs__", "{}\n");
}

}  // namespace facerec
