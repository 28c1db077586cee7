#include "eval/cosines.h"

#include <algorithm>

namespace facerec {
namespace {

constexpr size_t together = 4;  // rows of `a` that a row of `b` is multiplied with while it is in registers
constexpr size_t lanes = 16;    // sums side by side, which the compiler puts into vector registers

using Products = void (*)(std::span<const float> a, std::span<const float> b, size_t dimension, float* out);

[[gnu::always_inline]] inline void multiply(const float* const (&rows)[together], const float* other, size_t dimension,
                                            float (&products)[together]) {
  float sums[together][lanes] = {};
  size_t i = 0;
  for (; i + lanes <= dimension; i += lanes) {
    for (size_t row = 0; row < together; ++row) {
      for (size_t k = 0; k < lanes; ++k) sums[row][k] += rows[row][i + k] * other[i + k];
    }
  }
  for (size_t row = 0; row < together; ++row) {
    products[row] = 0;
    for (size_t k = i; k < dimension; ++k) products[row] += rows[row][k] * other[k];
    for (const float part : sums[row]) products[row] += part;
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
