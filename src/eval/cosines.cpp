#include "eval/cosines.h"

#include <algorithm>
#include <cstring>

namespace facerec {
namespace {

constexpr size_t together = 4;  // rows of `a` that a row of `b` is multiplied with while it is in registers
constexpr size_t lanes = 8;     // sums side by side in a vector register; GCC would keep arrays of floats in memory

using Lanes [[gnu::vector_size(lanes * sizeof(float))]] = float;
using Products = void (*)(std::span<const float> a, std::span<const float> b, size_t dimension, float* out);

[[gnu::always_inline]] inline void multiply(const float* const (&rows)[together], const float* other, size_t dimension,
                                            float (&products)[together]) {
  Lanes sums[together][2] = {};
  size_t i = 0;
  for (; i + 2 * lanes <= dimension; i += 2 * lanes) {
    Lanes low, high;
    std::memcpy(&low, other + i, sizeof low);
    std::memcpy(&high, other + i + lanes, sizeof high);
    for (size_t row = 0; row < together; ++row) {
      Lanes row_low, row_high;
      std::memcpy(&row_low, rows[row] + i, sizeof row_low);
      std::memcpy(&row_high, rows[row] + i + lanes, sizeof row_high);
      sums[row][0] += row_low * low;
      sums[row][1] += row_high * high;
    }
  }
  for (size_t row = 0; row < together; ++row) {
    products[row] = 0;
    for (size_t k = i; k < dimension; ++k) products[row] += rows[row][k] * other[k];
    for (size_t k = 0; k < lanes; ++k) products[row] += sums[row][0][k] + sums[row][1][k];
  }
}

[[gnu::always_inline]] inline void multiply_all(std::span<const float> a, std::span<const float> b, size_t dimension,
                                                float* out) {
  const size_t rows = a.size() / dimension, columns = b.size() / dimension;
  for (size_t column = 0; column < columns; ++column) {
    const float* other = b.data() + column * dimension;
    for (size_t row = 0; row < rows; row += together) {
      const float* four[together];  // the last once more where there are fewer
      for (size_t k = 0; k < together; ++k) four[k] = a.data() + std::min(row + k, rows - 1) * dimension;
      float products[together];
      multiply(four, other, dimension, products);
      for (size_t k = 0; k < together && row + k < rows; ++k) out[(row + k) * columns + column] = products[k];
    }
  }
}

void products_plain(std::span<const float> a, std::span<const float> b, size_t dimension, float* out) {
  multiply_all(a, b, dimension, out);
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void products_avx2(std::span<const float> a, std::span<const float> b, size_t dimension,
                                               float* out) {
  multiply_all(a, b, dimension, out);
}
#endif

Products best_products() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return products_avx2;
#endif
  return products_plain;
}

}  // namespace

void dot_products(std::span<const float> a, std::span<const float> b, size_t dimension, float* out) {
  static const Products products = best_products();
  products(a, b, dimension, out);
}

}  // namespace facerec
