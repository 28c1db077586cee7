// The two inner loops of a search, each in what the processor does best.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace facerec {

// A group of 64 rows and a set of 16 queries, as codes.h lays them out.
struct Comparison {
  int64_t depth = 0;
  const uint8_t* rows = nullptr;
  const float* scales = nullptr;  // [64]
  const int8_t* queries = nullptr;
  const int32_t* offsets = nullptr;  // [16]
  const float* limits = nullptr;     // [16]
};

struct Kernels {
  std::string_view name;
  // Around the calls of find_hits in a thread.
  void (*begin)();
  void (*end)();
  // hits: [64]; bit q of a row is set where its scale times its product with query q is the limit or more.
  void (*find_hits)(const Comparison& comparison, uint16_t* hits);
  float (*cosine)(std::span<const float> a, std::span<const float> b);  // see cosine_of()
};

// All that this processor runs, the fastest first.
const std::vector<Kernels>& kernels();

}  // namespace facerec
