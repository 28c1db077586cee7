// Small helpers for names, numbers and messages.
#pragma once

#include <charconv>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facerec {

// The name nearest to `word` by edit distance, or "" when none is near enough to be a slip of the fingers.
std::string nearest_name(std::string_view word, std::span<const std::string> names);

// "a, b, c"
std::string join(std::span<const std::string> parts, std::string_view separator = ", ");

// ASCII lower case; other bytes are kept.
std::string lower(std::string_view text);

// Whether all of `text` is a number, decimal and within Number's range; no sign '+', no space. `value` is then it.
template <class Number>
bool parse_number(std::string_view text, Number& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size();
}

bool is_utf8(std::string_view text);

// For messages: text from a file as one line of valid UTF-8, cut after `limit` bytes.
std::string printable(std::string_view text, size_t limit = 80);
inline constexpr size_t longest_path = 4096;  // a limit for whole paths: PATH_MAX of Linux

}  // namespace facerec
