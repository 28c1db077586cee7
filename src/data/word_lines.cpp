#include "data/word_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace facerec {
namespace {

void split(std::string_view line, std::vector<std::string_view>& words) {
  const char* const separators = line.find('\t') == std::string_view::npos ? " \t\v\f" : "\t";
  words.clear();
  for (size_t begin = line.find_first_not_of(separators); begin != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(separators, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(separators, end);
  }
}

}  // namespace

void for_word_lines(const fs::path& file, const std::function<void(int64_t, Words)>& work) {
  const std::string text = read_text(file, uint64_t{1} << 36);
  std::vector<std::string_view> words;
  int64_t number = 0;
  for (size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    split(line, words);
    if (!words.empty()) work(number, words);
    begin = end + 1;
  }
}

Error bad_line(const fs::path& file, int64_t line, const std::string& what) {
  return Error::usage(fmt::format("line {}: {}", line, what)).file(text_of(file));
}

}  // namespace facerec
