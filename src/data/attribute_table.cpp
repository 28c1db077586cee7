#include "data/attribute_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/lists.h"
#include "data/word_lines.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/csv.h"

namespace facerec {

void AttributeTable::read(const fs::path& file, const std::string& paths, const std::string& values) {
  file_ = file;
  size_t path = 0, value = 0;
  const auto find_columns = [&](const std::vector<std::string>& names) {
    path = image_column(file, names, paths);
    value = static_cast<size_t>(std::ranges::find(names, values) - names.begin());
    if (value == names.size()) {
      throw Error::usage(fmt::format("has no column '{}'", values))
          .file(text_of(file))
          .hint("its columns are " + join(names));
    }
  };
  read_csv(file, table_delimiter(file), find_columns, [&](int64_t line, const std::vector<std::string>& fields) {
    if (fields[path].empty()) throw bad_line(file, line, "an empty path");
    const auto [entry, is_new] =
        rows_.try_emplace(fs::path(fields[path]).lexically_normal().generic_string(), Row{fields[value]});
    if (!is_new && entry->second.value != fields[value]) {
      throw bad_line(file, line, fmt::format("'{}' has another value already", printable(fields[path])));
    }
  });
}

AttributeTable::Row* AttributeTable::row_of(const std::string& path) {
  for (size_t begin = 0;; ++begin) {
    if (const auto found = rows_.find(std::string_view(path).substr(begin)); found != rows_.end()) {
      return &found->second;
    }
    begin = path.find('/', begin);
    if (begin == std::string::npos) return nullptr;
  }
}

std::string AttributeTable::value_of(const Dataset& images, int64_t image) {
  const std::string path = fs::path(images.name(image)).lexically_normal().generic_string();
  Row* row = row_of(path);
  if (row == nullptr) return "";
  if (row->image < 0) row->image = image;
  if (row->image != image && images.name(row->image) != images.name(image)) {
    throw Error::usage(fmt::format("one row would be about two images, {} and {}", images.name(row->image), path))
        .file(text_of(file_))
        .hint("the paths in it tell images apart with their folders");
  }
  return row->value;
}

}  // namespace facerec
