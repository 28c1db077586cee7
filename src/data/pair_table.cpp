#include "data/pair_table.h"

#include <fmt/format.h>

#include <algorithm>
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

}  // namespace

size_t column_called(const std::vector<std::string>& columns, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = std::ranges::find(columns, name, [](const std::string& column) { return lower(column); });
    if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  }
  return columns.size();
}

void read_pair_table(const fs::path& list, const std::function<void(const PairRow&)>& work) {
  size_t a = 0, b = 0, label = 0;
  const auto find_columns = [&](const std::vector<std::string>& names) {
    a = column_called(names, {"image1", "image_1", "image_a", "img1", "file1", "path1", "a"});
    b = column_called(names, {"image2", "image_2", "image_b", "img2", "file2", "path2", "b"});
    label = column_called(names, {"label", "same", "is_same", "issame"});
    if (a == names.size() || b == names.size()) {
      throw bad_line(list, 1, "the first row names no columns image1 and image2")
          .hint("its columns are " + join(names));
    }
  };
  read_csv(list, table_delimiter(list), find_columns, [&](int64_t line, const std::vector<std::string>& fields) {
    if (fields[a].empty() || fields[b].empty()) throw bad_line(list, line, "an image is not named");
    work({line, fields[a], fields[b], label < fields.size() ? parse_label(list, line, fields[label]) : std::nullopt});
  });
}

}  // namespace facerec
