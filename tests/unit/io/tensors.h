// Reading the numbers of a tensor as double, whatever its type and strides.
#pragma once

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "facerec/io/tensor_file.h"

namespace facerec::test {

template <class T>
T number_at(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Binary floats of up to 16 bits: `exponent` and `mantissa` bits below the sign.
inline double small_float(uint32_t bits, int exponent, int mantissa) {
  const int biased = static_cast<int>(bits >> mantissa) & ((1 << exponent) - 1), bias = (1 << (exponent - 1)) - 1;
  const double fraction = std::ldexp(static_cast<double>(bits & ((1U << mantissa) - 1)), -mantissa);
  const double magnitude = biased == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, biased - bias);
  return (bits >> (exponent + mantissa) & 1) != 0 ? -magnitude : magnitude;
}

inline double element(const std::string& dtype, const std::byte* at) {
  if (dtype == "F32") return number_at<float>(at);
  if (dtype == "F64") return number_at<double>(at);
  if (dtype == "F16") return small_float(number_at<uint16_t>(at), 5, 10);
  if (dtype == "BF16") return small_float(number_at<uint16_t>(at), 8, 7);
  if (dtype == "F8_E4M3") return small_float(number_at<uint8_t>(at), 4, 3);
  if (dtype == "I64") return static_cast<double>(number_at<int64_t>(at));
  if (dtype == "I32") return number_at<int32_t>(at);
  if (dtype == "I16") return number_at<int16_t>(at);
  if (dtype == "U16") return number_at<uint16_t>(at);
  if (dtype == "I8") return number_at<int8_t>(at);
  if (dtype == "U8" || dtype == "BOOL") return number_at<uint8_t>(at);
  throw std::runtime_error("no numbers of type " + dtype);
}

// In row-major order.
inline std::vector<double> numbers(const TensorView& view) {
  int64_t count = 1;
  for (int64_t extent : view.shape) count *= extent;
  std::vector<double> result;
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, at = view.strides.empty() ? i : 0;
    for (size_t d = view.shape.size(); d-- > 0 && !view.strides.empty();) {
      at += rest % view.shape[d] * view.strides[d];
      rest /= view.shape[d];
    }
    const size_t size = dtype_size(view.dtype), offset = static_cast<size_t>(at) * size;
    if (offset + size > view.bytes.size()) throw std::runtime_error("an element lies outside of its tensor");
    result.push_back(element(view.dtype, view.bytes.data() + offset));
  }
  return result;
}

}  // namespace facerec::test
