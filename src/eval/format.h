// How numbers are written in reports and figures, in any locale.
#pragma once

#include <charconv>
#include <cmath>
#include <string>

namespace facerec {

inline std::string fixed(double value, int digits) {
  char text[400];  // the longest double has 309 digits before the point
  return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr};
}

// A fraction as a percentage without the sign: 0.98833 → "98.83".
inline std::string percent(double fraction, int digits = 2) { return fixed(100 * fraction, digits); }

inline constexpr const char* minus_sign = "−";

// For people: a minus sign instead of a hyphen, and no minus before a zero.
inline std::string signed_number(double value, int digits) {
  std::string text = fixed(value, digits);
  if (!text.starts_with('-')) return text;
  return text.find_first_of("123456789") == std::string::npos ? text.substr(1) : minus_sign + text.substr(1);
}

// As short as it can be: "0.3", "4".
inline std::string number_name(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// "1e-3" for powers of ten, "0.0005" for others.
inline std::string rate_name(double rate) {
  const double exponent = std::round(std::log10(rate));
  if (std::abs(rate / std::pow(10.0, exponent) - 1) < 1e-9) return "1e" + std::to_string(static_cast<int>(exponent));
  return number_name(rate);
}

// Characters of a UTF-8 string: bytes that do not continue one.
inline size_t characters(const std::string& text) {
  size_t count = 0;
  for (unsigned char byte : text) count += (byte & 0xC0) != 0x80;
  return count;
}

}  // namespace facerec
