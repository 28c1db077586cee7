#include "recognize/align_journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "facerec/core/error.h"

namespace facerec {

JournalLines::JournalLines(const fs::path& file) : path_(file), file_(file) {
  const std::span<const std::byte> bytes = file_.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t list = text.find(list_of_images);
  if (list != std::string_view::npos) begin_ = list + list_of_images.size() + 1;
  for (size_t begin = begin_, end = 0; (end = text.find('\n', begin)) != std::string_view::npos; begin = end + 1) {
    if (text.substr(begin, end - begin) == "  ]") break;
    ends_.push_back(end + 1);
  }
}

std::string_view JournalLines::line(int64_t i) const {
  const uint64_t begin = bytes(i), end = bytes(i + 1) - 1;
  std::string_view text(reinterpret_cast<const char*>(file_.bytes().data()) + begin, end - begin);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.ends_with(',')) text.remove_suffix(1);
  return text;
}

ImageRecord JournalLines::record(int64_t i) const try { return parse_record(line(i)); } catch (const Error& fault) {
  throw Error(fmt::format("line {}: {}", i + 1, fault.message())).file(text_of(path_)).hint("--force begins anew");
}

uint64_t JournalLines::bytes(int64_t lines) const {
  return lines == 0 ? begin_ : ends_[static_cast<size_t>(lines) - 1];
}

JournalWriter::JournalWriter(const fs::path& file, uint64_t bytes) : file_(file, bytes) {}

void JournalWriter::sync() {
  file_.write(lines_);
  lines_.clear();
  file_.sync();
}

}  // namespace facerec
