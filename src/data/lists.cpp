#include "data/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/image_files.h"
#include "data/word_lines.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/text.h"
#include "facerec/io/csv.h"

namespace facerec {
namespace {

// Its identities are labels.
class NumberedFiles : public ImageFiles {
 public:
  using ImageFiles::ImageFiles;
  bool has_name(int64_t) const override { return false; }
};

// What a list says, without a text of its own for each image.
class Entries {
 public:
  void add(std::string_view path, std::string_view identity, int64_t line) {
    auto found = numbers_.find(identity);
    if (found == numbers_.end()) {
      found = numbers_.emplace(identity, static_cast<uint32_t>(names_.size())).first;
      names_.push_back(&found->first);
    }
    paths_.add(path);
    identities_.push_back(found->second);
    lines_.push_back(static_cast<uint32_t>(line));
  }

  size_t size() const { return paths_.size(); }
  std::string path(size_t i) const { return std::string(paths_[i]); }
  int64_t line(size_t i) const { return lines_[i]; }
  uint32_t identity(size_t i) const { return identities_[i]; }  // its number
  const std::string& name(uint32_t identity) const { return *names_[identity]; }
  size_t identities() const { return names_.size(); }

 private:
  Texts paths_;
  std::vector<uint32_t> identities_, lines_;
  std::map<std::string, uint32_t, std::less<>> numbers_;
  std::vector<const std::string*> names_;
};

std::string extension_of(const fs::path& path) { return lower(path.extension().string()); }

bool is_number(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

// InsightFace's `1<TAB>path<TAB>label` and im2rec's `key<TAB>label<TAB>path`, as `path<TAB>label`; "" for another line.
std::string plain_form(std::string_view line) {
  const size_t first = line.find('\t'), last = line.rfind('\t');
  if (first == last || line.find('\t', first + 1) != last) return "";
  const std::string_view front = line.substr(0, first), middle = line.substr(first + 1, last - first - 1);
  const std::string_view back = line.substr(last + 1, line.find_last_not_of(" \r") - last);
  if (front.empty() || !is_number(front)) return "";
  if (is_number(back) && has_image_extension(std::string(middle))) return fmt::format("{}\t{}", middle, back);
  // im2rec writes labels as 3.000000.
  const std::string_view label = middle.substr(0, middle.find('.'));
  const bool is_whole = middle.find_first_not_of("0.", label.size()) == std::string_view::npos;
  if (is_number(label) && is_whole && has_image_extension(std::string(back))) return fmt::format("{}\t{}", back, label);
  return "";
}

void parse_line(const fs::path& list, int64_t number, std::string_view whole, Entries& entries) {
  const std::string plain = plain_form(whole);
  const std::string_view line = plain.empty() ? whole : plain;
  const size_t end = line.find_last_not_of(" \t\r");
  const size_t space = line.find_last_of(" \t", end);
  const size_t path_end = space == std::string_view::npos ? space : line.find_last_not_of(" \t", space);
  if (path_end == std::string_view::npos) throw bad_line(list, number, "not of the form `path label`");
  const std::string_view label = line.substr(space + 1, end - space);
  int64_t value = 0;
  if (!parse_number(label, value) || value < 0) {
    throw bad_line(list, number, fmt::format("'{}' is not a label, a whole number from 0", printable(label)));
  }
  const std::string_view path = line.substr(0, path_end + 1);
  if (path.find('\0') != std::string_view::npos) throw bad_line(list, number, "a NUL byte in a path");
  entries.add(path, std::to_string(value), number);
}

Entries read_plain(const fs::path& list) {
  const std::string text = read_text(list, uint64_t{1} << 36);
  Entries entries;
  int64_t number = 0;
  for (size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) parse_line(list, number, line, entries);
    begin = end + 1;
  }
  return entries;
}

using Names = std::vector<std::string>;

size_t column_of(const fs::path& table, const Names& columns, const std::string& wanted,
                 std::initializer_list<const char*> usual, const char* what) {
  const size_t column = wanted.empty()
                            ? column_called(columns, usual)
                            : static_cast<size_t>(std::find(columns.begin(), columns.end(), wanted) - columns.begin());
  if (column < columns.size()) return column;
  const std::string missing = wanted.empty() ? fmt::format("no column of a known name holds the {}", what)
                                             : fmt::format("has no column '{}'", wanted);
  throw Error::usage(missing)
      .file(text_of(table))
      .hint(fmt::format("its columns are {}; say which: columns.{}", join(columns), what));
}

Entries read_table(const fs::path& list, const ColumnsConfig& columns) {
  Entries entries;
  size_t file = 0, identity = 0;
  auto find_columns = [&](const Names& names) {
    file = image_column(list, names, columns.file);
    identity = column_of(list, names, columns.identity,
                         {"identity", "face_id", "person", "subject", "label", "class", "id"}, "identity");
  };
  read_csv(list, table_delimiter(list), find_columns, [&](int64_t line, const Names& fields) {
    const std::string &path = fields[file], &name = fields[identity];
    if (path.empty() || name.empty()) throw bad_line(list, line, "an empty path or identity");
    if (path.find('\0') != std::string::npos) throw bad_line(list, line, "a NUL byte in a path");
    entries.add(path, name, line);
  });
  return entries;
}

std::string fault_of(const fs::path& file, const std::string& path) {
  if (!has_image_extension(path)) return "no image by its extension (jpg, jpeg, png, bmp, webp)";
  std::error_code code;
  if (fs::is_regular_file(file, code)) return "";
  return code && code != std::errc::no_such_file_or_directory ? code.message() : "absent";
}

// Numbers before all else and by their value, other names in byte order.
bool precedes(std::string_view a, std::string_view b) {
  if (is_number(a) != is_number(b)) return is_number(a);
  if (is_number(a)) {
    const auto value = [](std::string_view digits) {
      return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
    };
    const std::string_view x = value(a), y = value(b);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  return a < b;
}

// Adds the identities that have an image, in order; the label of each.
std::vector<uint32_t> add_classes(const Entries& entries, const std::vector<uint8_t>& is_there, ImageFiles& files) {
  std::vector<bool> is_used(entries.identities());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (is_there[i] != 0) is_used[entries.identity(i)] = true;
  }
  std::vector<uint32_t> order;
  for (uint32_t identity = 0; identity < is_used.size(); ++identity) {
    if (is_used[identity]) order.push_back(identity);
  }
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) { return precedes(entries.name(a), entries.name(b)); });
  std::vector<uint32_t> labels(is_used.size());
  for (const uint32_t identity : order) labels[identity] = files.add_class(entries.name(identity));
  return labels;
}

}  // namespace

bool is_table(const fs::path& list) {
  const std::string extension = extension_of(list);
  return extension == ".csv" || extension == ".tsv";
}

char table_delimiter(const fs::path& table) { return extension_of(table) == ".tsv" ? '\t' : ','; }

size_t column_called(const std::vector<std::string>& columns, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = std::ranges::find(columns, name, [](const std::string& column) { return lower(column); });
    if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  }
  return columns.size();
}

size_t image_column(const fs::path& table, const std::vector<std::string>& columns, const std::string& wanted) {
  return column_of(table, columns, wanted, {"file", "file_name", "filename", "path", "image", "image_path", "img_path"},
                   "file");
}

bool is_list(const fs::path& path) {
  const std::string extension = extension_of(path);
  return is_table(path) || extension == ".txt" || extension == ".lst";
}

std::shared_ptr<Dataset> open_list(const fs::path& list, const fs::path& root, const ColumnsConfig& columns,
                                   Problems& problems) {
  const Entries entries = is_table(list) ? read_table(list, columns) : read_plain(list);
  if (entries.size() == 0)
    throw Error::usage("names no images").file(text_of(list)).hint("the form is `path label` a line");

  std::error_code code;
  const bool below_root = !root.empty() && fs::exists(root / entries.path(0), code);
  const fs::path folder = below_root ? root : list.parent_path();
  auto fault = [&](size_t i) { return fault_of(folder / entries.path(i), entries.path(i)); };
  std::vector<uint8_t> is_there(entries.size());
  parallel_for(static_cast<int64_t>(entries.size()), 4 * available_cores(),
               [&](int64_t i) { is_there[static_cast<size_t>(i)] = fault(static_cast<size_t>(i)).empty() ? 1 : 0; });

  const std::shared_ptr<ImageFiles> files =
      is_table(list) ? std::make_shared<ImageFiles>(folder) : std::make_shared<NumberedFiles>(folder);
  const std::vector<uint32_t> labels = add_classes(entries, is_there, *files);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (is_there[i] != 0) {
      files->add(entries.path(i), labels[entries.identity(i)]);
    } else {
      problems.add(
          {text_of(list), fmt::format("line {}: {}: {}", entries.line(i), printable(entries.path(i)), fault(i))});
    }
  }
  if (files->size() == 0) {
    throw Error::usage("none of the images that it names is there; " + problems.list().back().reason)
        .file(text_of(list))
        .hint("relative paths are below data.root, else beside the list");
  }
  return files;
}

}  // namespace facerec
