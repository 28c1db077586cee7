// The texts of meta/, or a chunk file of which each row is read. The first byte says which, and how many rows the chunk
// has; the library that unpacks is not instrumented, so the file ends where readable memory does.
#include "facerec/core/error.h"
#include "io/bcolz.h"
#include "support/guarded.h"

namespace {

using namespace facerec;

// The library's paths are not seen by the fuzzer: an input that unpacks, or fails, with other flags counts as new.
[[gnu::section("__libfuzzer_extra_counters")]] uint8_t outcomes[512];

void parse(std::string_view text) {
  try {
    parse_carray_sizes(text);
  } catch (const Error&) {
  }
  try {
    parse_carray_storage(text);
  } catch (const Error&) {
  }
}

void read_rows(std::span<const std::byte> file, int64_t rows) {
  constexpr size_t row_numbers = 512;
  const test::GuardedBytes guarded(file);
  const size_t flags = file.size() > 18 ? static_cast<size_t>(file[18]) : 0;
  for (int64_t row = 0; row < rows; ++row) {
    try {
      std::vector<float> numbers(row_numbers);
      read_carray_row(guarded.bytes(), rows, row, numbers);
      outcomes[flags] = 1;
    } catch (const Error&) {
      outcomes[256 + flags] = 1;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto content = std::as_bytes(std::span(data + 1, size - 1));
  if (data[0] == 0) {
    parse({reinterpret_cast<const char*>(content.data()), content.size()});
  } else {
    read_rows(content, data[0] % 16);
  }
  return 0;
}
