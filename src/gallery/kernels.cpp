#include "gallery/kernels.h"

#include <cstring>

#include "gallery/codes.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

// GCC 12 warns of its own AVX-512 header (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace facerec {
namespace {

constexpr int64_t lanes = 16;  // partial sums of a cosine
constexpr int64_t word = 4;    // components that are multiplied and added at once
constexpr int64_t words = strip / word;

void nothing() {}

#define FACEREC_INLINE inline __attribute__((always_inline))

// A product of two floats is exact in double, so that a fused multiplication and addition changes nothing.
FACEREC_INLINE float cosine_body(std::span<const float> a, std::span<const float> b) {
  double sums[lanes] = {};
  const size_t whole = a.size() / lanes * lanes;
  for (size_t i = 0; i < whole; i += lanes) {
    for (size_t lane = 0; lane < lanes; ++lane) sums[lane] += double{a[i + lane]} * double{b[i + lane]};
  }
  for (size_t i = whole; i < a.size(); ++i) sums[i - whole] += double{a[i]} * double{b[i]};
  double sum = 0;
  for (const double part : sums) sum += part;
  return static_cast<float>(sum);
}

float cosine_plain(std::span<const float> a, std::span<const float> b) { return cosine_body(a, b); }

void find_hits_plain(const Comparison& c, uint16_t* hits) {
  for (int64_t row = 0; row < group_rows; ++row) {
    int32_t sums[query_set];
    for (int64_t q = 0; q < query_set; ++q) sums[q] = c.offsets[q];
    for (int64_t i = 0; i < c.depth; ++i) {
      const int32_t code = c.rows[(i / strip * group_rows + row) * strip + i % strip];
      const int8_t* queries = c.queries + i / word * word * query_set + i % word;
      for (int64_t q = 0; q < query_set; ++q) sums[q] += code * queries[q * word];
    }
    unsigned bits = 0;
    for (unsigned q = 0; q < query_set; ++q) {
      bits |= unsigned{static_cast<float>(sums[q]) * c.scales[row] >= c.limits[q]} << q;
    }
    hits[row] = static_cast<uint16_t>(bits);
  }
}

#if defined(__x86_64__)

// The components 4 w … 4 w + 3 of a row.
FACEREC_INLINE int32_t word_of(const Comparison& c, int64_t row, int64_t w) {
  int32_t value = 0;
  std::memcpy(&value, c.rows + (w / words * group_rows + row) * strip + w % words * word, sizeof value);
  return value;
}

#define FACEREC_AVX2 __attribute__((target("avx2,fma")))
#define FACEREC_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define FACEREC_AMX __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-int8")))

FACEREC_AVX2 float cosine_avx2(std::span<const float> a, std::span<const float> b) { return cosine_body(a, b); }
FACEREC_AVX512 float cosine_avx512(std::span<const float> a, std::span<const float> b) { return cosine_body(a, b); }

// Half a set of queries, four rows at a time.
FACEREC_AVX2 void find_half_avx2(const Comparison& c, int64_t half, uint16_t* hits) {
  constexpr int64_t rows_at_once = 4, queries_at_once = 8;
  const __m256i low_bytes = _mm256_set1_epi16(0xFF);
  const __m256 limits = _mm256_loadu_ps(c.limits + half * queries_at_once);
  for (int64_t row = 0; row < group_rows; row += rows_at_once) {
    __m256i sums[rows_at_once];
    for (auto& sum : sums) {
      sum = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(c.offsets + half * queries_at_once));
    }
    for (int64_t w = 0; w < c.depth / word; ++w) {
      const __m256i queries = _mm256_loadu_si256(
          reinterpret_cast<const __m256i*>(c.queries + (w * query_set + half * queries_at_once) * word));
      const __m256i odd = _mm256_srai_epi16(queries, 8), even = _mm256_srai_epi16(_mm256_slli_epi16(queries, 8), 8);
      for (int64_t r = 0; r < rows_at_once; ++r) {
        const __m256i codes = _mm256_set1_epi32(word_of(c, row + r, w));
        sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(_mm256_and_si256(codes, low_bytes), even));
        sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(_mm256_srli_epi16(codes, 8), odd));
      }
    }
    for (int64_t r = 0; r < rows_at_once; ++r) {
      const __m256 products = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[r]), _mm256_set1_ps(c.scales[row + r]));
      const int bits = _mm256_movemask_ps(_mm256_cmp_ps(products, limits, _CMP_GE_OQ));
      hits[row + r] = static_cast<uint16_t>(half == 0 ? bits : hits[row + r] | bits << queries_at_once);
    }
  }
}

FACEREC_AVX2 void find_hits_avx2(const Comparison& c, uint16_t* hits) {
  find_half_avx2(c, 0, hits);
  find_half_avx2(c, 1, hits);
}

FACEREC_AVX512 void find_hits_avx512(const Comparison& c, uint16_t* hits) {
  constexpr int64_t rows_at_once = 16;
  const __m512 limits = _mm512_loadu_ps(c.limits);
  for (int64_t row = 0; row < group_rows; row += rows_at_once) {
    __m512i sums[rows_at_once];
    for (auto& sum : sums) sum = _mm512_loadu_si512(c.offsets);
    for (int64_t w = 0; w < c.depth / word; ++w) {
      const __m512i queries = _mm512_loadu_si512(c.queries + w * word * query_set);
#pragma GCC unroll 16
      for (int64_t r = 0; r < rows_at_once; ++r) {
        const __m512i codes = _mm512_set1_epi32(word_of(c, row + r, w));
        sums[r] = _mm512_dpbusd_epi32(sums[r], codes, queries);
      }
    }
    for (int64_t r = 0; r < rows_at_once; ++r) {
      const __m512 products = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r]), _mm512_set1_ps(c.scales[row + r]));
      hits[row + r] = static_cast<uint16_t>(_mm512_cmp_ps_mask(products, limits, _CMP_GE_OQ));
    }
  }
}

// Palette 1: eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfiguration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

FACEREC_AMX void begin_amx() {
  // Static: GCC's _tile_loadconfig tells the optimiser of its first 8 bytes alone.
  static constexpr TileConfiguration configuration;
  _tile_loadconfig(&configuration);
}

FACEREC_AMX void end_amx() { _tile_release(); }

FACEREC_AMX void find_hits_amx(const Comparison& c, uint16_t* hits) {
  constexpr int64_t tile_bytes = 1024, tile_rows = 16;
  // A stride of 0: each row of the tile gets the same 16 numbers.
  _tile_loadd(0, c.offsets, 0);
  _tile_loadd(1, c.offsets, 0);
  _tile_loadd(2, c.offsets, 0);
  _tile_loadd(3, c.offsets, 0);
  for (int64_t s = 0; s < c.depth / strip; ++s) {
    const uint8_t* const rows = c.rows + s * strip * group_rows;
    _tile_loadd(4, c.queries + s * tile_bytes, strip);
    _tile_loadd(5, rows, strip);
    _tile_dpbusd(0, 5, 4);
    _tile_loadd(6, rows + tile_bytes, strip);
    _tile_dpbusd(1, 6, 4);
    _tile_loadd(5, rows + 2 * tile_bytes, strip);
    _tile_dpbusd(2, 5, 4);
    _tile_loadd(6, rows + 3 * tile_bytes, strip);
    _tile_dpbusd(3, 6, 4);
  }
  alignas(64) int32_t sums[group_rows * query_set];
  _tile_stored(0, sums, strip);
  _tile_stored(1, sums + tile_rows * query_set, strip);
  _tile_stored(2, sums + 2 * tile_rows * query_set, strip);
  _tile_stored(3, sums + 3 * tile_rows * query_set, strip);
  const __m512 limits = _mm512_loadu_ps(c.limits);
  for (int64_t row = 0; row < group_rows; ++row) {
    const __m512 products =
        _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_load_si512(sums + row * query_set)), _mm512_set1_ps(c.scales[row]));
    hits[row] = static_cast<uint16_t>(_mm512_cmp_ps_mask(products, limits, _CMP_GE_OQ));
  }
}

// By CPUID, since clang 16's __builtin_cpu_supports does not know tiles. The system hands them out on request: their
// state makes every context switch dearer.
bool may_use_tiles() {
  constexpr unsigned tiles = 1U << 24, tiles_of_8_bits = 1U << 25;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & tiles) == 0 || (d & tiles_of_8_bits) == 0) return false;
  constexpr int request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

#endif

std::vector<Kernels> find_kernels() {
  std::vector<Kernels> all;
#if defined(__x86_64__)
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (avx512 && may_use_tiles()) {
    all.push_back({"amx", begin_amx, end_amx, find_hits_amx, cosine_avx512});
  }
  if (avx512 && __builtin_cpu_supports("avx512vnni")) {
    all.push_back({"avx512", nothing, nothing, find_hits_avx512, cosine_avx512});
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    all.push_back({"avx2", nothing, nothing, find_hits_avx2, cosine_avx2});
  }
#endif
  all.push_back({"plain", nothing, nothing, find_hits_plain, cosine_plain});
  return all;
}

}  // namespace

const std::vector<Kernels>& kernels() {
  static const std::vector<Kernels> all = find_kernels();
  return all;
}

}  // namespace facerec
