#include <fmt/format.h>

#include "data/lists.h"
#include "data/word_lines.h"
#include "facerec/core/text.h"
#include "facerec/data/protocols.h"
#include "facerec/io/csv.h"

namespace facerec {
namespace {

using AddGroup = std::function<void(int64_t line, std::string_view name, std::string_view group)>;

void read_table(const fs::path& file, const AddGroup& add) {
  size_t name = 0, group = 0;
  const auto find_columns = [&](const std::vector<std::string>& names) {
    name = column_called(names, {"image", "identity", "name", "file", "path"});
    group = column_called(names, {"group"});
    if (name == names.size() || group == names.size()) {
      throw bad_line(file, 1, "the first row names no columns image (or identity) and group")
          .hint("its columns are " + join(names));
    }
  };
  read_csv(file, table_delimiter(file), find_columns,
           [&](int64_t line, const std::vector<std::string>& fields) { add(line, fields[name], fields[group]); });
}

}  // namespace

Groups::Groups(const fs::path& file) {
  const AddGroup add = [&](int64_t line, std::string_view name, std::string_view group) {
    if (name.empty() || group.empty()) throw bad_line(file, line, "an empty name or group");
    const auto [entry, is_new] = groups_.try_emplace(std::string(name), group);
    if (!is_new && entry->second != group) {
      throw bad_line(file, line, fmt::format("'{}' is of group {} already", printable(name), printable(entry->second)));
    }
  };
  if (is_table(file)) {
    read_table(file, add);
  } else {
    for_word_lines(file, [&](int64_t line, Words words) {
      if (words.size() != 2) throw bad_line(file, line, "not of the form `name group`");
      add(line, words[0], words[1]);
    });
  }
  if (groups_.empty())
    throw Error::usage("names no groups").file(text_of(file)).hint("the form is `name group` a line");
}

std::string Groups::of(const Dataset& images, int64_t index) const {
  const std::string path = images.name(index);
  for (size_t begin = 0; begin != std::string::npos;) {
    if (const auto found = groups_.find(std::string_view(path).substr(begin)); found != groups_.end()) {
      return found->second;
    }
    begin = path.find('/', begin);
    if (begin != std::string::npos) ++begin;
  }
  const auto found = groups_.find(images.class_name(images.label(index)));
  return found == groups_.end() ? "" : found->second;
}

}  // namespace facerec
