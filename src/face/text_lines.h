// Lines of a text and their words.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "facerec/core/error.h"

namespace facerec {

// One line after the other, without its end.
class TextLines {
 public:
  explicit TextLines(std::string_view text) : rest_(text) {}

  bool next() {
    if (rest_.empty()) return false;
    const size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ++number_;
    return true;
  }
  // The next one that is not blank.
  bool next_filled() {
    while (next()) {
      if (line_.find_first_not_of(" \t") != std::string_view::npos) return true;
    }
    return false;
  }
  std::string_view line() const { return line_; }
  int64_t number() const { return number_; }  // from 1

 private:
  std::string_view rest_, line_;
  int64_t number_ = 0;
};

// Runs `read`; its Error gets the line's number.
template <class Read>
void at_line(int64_t number, Read read) {
  try {
    read();
  } catch (const Error& error) {
    throw Error::usage(fmt::format("line {}: {}", number, error.message())).hint(error.hint());
  }
}

inline std::vector<std::string_view> words_of(std::string_view line, std::string_view separators = " \t,") {
  std::vector<std::string_view> words;
  for (size_t begin = 0; (begin = line.find_first_not_of(separators, begin)) != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(separators, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

}  // namespace facerec
