#include "facerec/data/named_pairs.h"

#include <fmt/format.h>

#include <fstream>
#include <vector>

#include "data/lists.h"
#include "data/word_lines.h"
#include "facerec/core/text.h"
#include "facerec/io/csv.h"

namespace facerec {
namespace {

std::optional<bool> parse_label(const fs::path& list, int64_t line, const std::string& field) {
  const std::string text = lower(field);
  if (text.empty()) return std::nullopt;
  if (text == "1" || text == "1.0" || text == "true") return true;
  if (text == "0" || text == "-1" || text == "0.0" || text == "false") return false;
  throw bad_line(list, line, fmt::format("'{}' is not a label: 1 or 0", printable(field)));
}

struct PairColumns {
  size_t a, b, label;
  size_t count;

  bool are_named() const { return a < count && b < count; }
};

PairColumns columns_of(const std::vector<std::string>& names) {
  return {column_called(names, {"image1", "image_1", "image_a", "img1", "file1", "path1", "a"}),
          column_called(names, {"image2", "image_2", "image_b", "img2", "file2", "path2", "b"}),
          column_called(names, {"label", "same", "is_same", "issame"}), names.size()};
}

// A .tsv without a row of names is text whose words tabs separate.
bool has_names(const fs::path& table) try {
  if (table_delimiter(table) == ',') return true;
  std::ifstream file(table);
  std::string first;
  std::getline(file, first);
  bool named = false;
  parse_csv(
      first, '\t', [&](const std::vector<std::string>& names) { named = columns_of(names).are_named(); },
      [](int64_t, const std::vector<std::string>&) {});
  return named;
} catch (const Error&) {  // quotes in a path
  return false;
}

void read_table(const fs::path& list, const std::function<void(const NamedPair&)>& work) {
  PairColumns columns{};
  const auto find_columns = [&](const std::vector<std::string>& names) {
    columns = columns_of(names);
    if (columns.are_named()) return;
    throw bad_line(list, 1, "the first row names no columns image1 and image2").hint("its columns are " + join(names));
  };
  read_csv(list, table_delimiter(list), find_columns, [&](int64_t line, const std::vector<std::string>& fields) {
    const auto& [a, b, label, count] = columns;
    if (fields[a].empty() || fields[b].empty()) throw bad_line(list, line, "an image is not named");
    work({line, fields[a], fields[b], label < count ? parse_label(list, line, fields[label]) : std::nullopt});
  });
}

void read_words(const fs::path& list, const std::function<void(const NamedPair&)>& work) {
  for_word_lines(list, [&](int64_t line, Words words) {
    const bool labelled = words.size() == 3 && (words[2] == "0" || words[2] == "1" || words[2] == "-1");
    if (words.size() != 2 && !labelled) {
      throw bad_line(list, line, "not of the form `pathA pathB`, with or without 0|1");
    }
    work(
        {line, std::string(words[0]), std::string(words[1]), labelled ? std::optional(words[2] == "1") : std::nullopt});
  });
}

}  // namespace

void read_named_pairs(const fs::path& list, const std::function<void(const NamedPair&)>& work) {
  if (is_table(list) && has_names(list)) {
    read_table(list, work);
  } else {
    read_words(list, work);
  }
}

}  // namespace facerec
