// Cosines of many unit vectors with many others.
#pragma once

#include <cstddef>
#include <span>

namespace facerec {

// `a` and `b` are rows of `dimension` values; out: [rows of a, rows of b].
void dot_products(std::span<const float> a, std::span<const float> b, size_t dimension, float* out);

}  // namespace facerec
