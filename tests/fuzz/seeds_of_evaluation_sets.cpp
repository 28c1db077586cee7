#include "fuzz/seeds_of_evaluation_sets.h"

#include <blosc.h>

#include "io/bcolz.h"
#include "io/npy.h"
#include "io/verification_pack.h"
#include "support/checkpoints.h"

namespace facerec::test {

using namespace std::string_literals;

namespace {

std::string text_of_bytes(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// As fuzz_bcolz takes it: the number of rows, of 512 numbers each, and a chunk file.
std::string chunk_seed(const char* codec, int shuffle, int level, size_t block) {
  constexpr size_t rows = 3;
  std::vector<float> numbers(rows * 512);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i / 7 % 256) / 127.5F - 1;
  std::vector<std::byte> chunk(numbers.size() * sizeof(float) + BLOSC_MAX_OVERHEAD);
  const int size = blosc_compress_ctx(level, shuffle, sizeof(float), numbers.size() * sizeof(float), numbers.data(),
                                      chunk.data(), chunk.size(), codec, block, 1);
  const std::string start = text_of_bytes(carray_chunk_of(numbers, 512)).substr(0, 16);
  return static_cast<char>(rows) + start + text_of_bytes(std::span(chunk).first(static_cast<size_t>(size)));
}

// A pair of NumPy arrays and a NumPy boolean, as NumPy 1 pickles them, and bytes as Python 3 writes them in protocol 2.
std::string numpy_pack() {
  const std::string module = "numpy.core.multiarray";
  const auto dtype = [](const std::string& type) {
    return global("numpy", "dtype") + "(" + pickled(type) + "\x89\x88tR(K\3" + pickled("|"sv) +
           "NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK"s + "\0tb"s;
  };
  const std::string encoded =
      global("_codecs", "encode") + "(" + pickled("\xC3\xBF\xC3\x98J"sv) + pickled("latin1"sv) + "tR";
  const std::string array = global(module, "_reconstruct") + "(" + global("numpy", "ndarray") +
                            "K\1\x85"
                            "C\1btR(K\1K\3K\1\x86" +
                            dtype("u1") + "\x89" + encoded + "tb";
  const std::string buffer =
      global("numpy.core.numeric", "_frombuffer") + "(C\3xyz" + dtype("u1") + "K\3\x85" + pickled("C"sv) + "tR";
  const std::string scalar = global(module, "scalar") + "(" + dtype("b1") + "C\1\1tR";
  return pickle_of("](" + array + buffer + encoded + "C\2ab" + "e](" + scalar + "\x88" + "e\x86");
}

}  // namespace

void write_evaluation_sets(const fs::path& folder) {
  for (const char* name : {"bcolz", "npy", "pack"}) fs::create_directories(folder / name);
  for (const char* codec : {"blosclz", "lz4", "snappy", "zlib", "zstd"}) {
    for (const int shuffle : {BLOSC_NOSHUFFLE, BLOSC_SHUFFLE, BLOSC_BITSHUFFLE}) {
      write_file(folder / "bcolz" / (std::string(codec) + std::to_string(shuffle)),
                 chunk_seed(codec, shuffle, 5, 2048));
    }
  }
  write_file(folder / "bcolz/stored", chunk_seed("lz4", BLOSC_SHUFFLE, 0, 0));
  const auto json = [&](const char* name, std::string_view text) {
    write_file(folder / "bcolz" / name, std::string(1, '\0') + std::string(text));
  };
  json("sizes", R"({"shape": [40, 3, 112, 112], "nbytes": 6021120, "cbytes": 1492800})");
  json("storage", R"({"dtype": "float32", "cparams": {"clevel": 5, "cname": "lz4"}, "chunklen": 7, "dflt": 0.0})");
  write_file(folder / "npy/flags", npy_of({true, false, true}));
  const std::string header = "{\"shape\": (2, 1,), 'descr': '<f4', 'fortran_order': True}   \n";
  write_file(folder / "npy/version3",
             "\x93NUMPY\3\0"s + little(static_cast<uint32_t>(header.size())) + header + "12345678");
  VerificationPackWriter pack(folder / "pack/protocol4");
  for (const std::string_view image : {"one"sv, "two"sv}) pack.add(std::as_bytes(std::span(image)));
  pack.finish({true});
  write_file(folder / "pack/numpy", numpy_pack());
  write_file(folder / "pack/protocol0", "((lp0\nS'\\xff\\xd8'\np1\nag1\na(lp2\nI01\natp3\n.");
}

}  // namespace facerec::test
