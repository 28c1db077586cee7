#include "data/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "data/csv.h"
#include "data/image_files.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

// Its identities are labels.
class NumberedFiles : public ImageFiles {
 public:
  using ImageFiles::ImageFiles;
  bool has_name(int64_t) const override { return false; }
};

struct Entry {
  std::string path, identity;
  int64_t line;
};

std::string extension_of(const fs::path& path) { return lower(path.extension().string()); }

Error bad_line(const fs::path& list, int64_t line, const std::string& what) {
  return Error::usage(fmt::format("line {}: {}", line, what)).file(text_of(list));
}

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

Entry parse_line(const fs::path& list, int64_t number, std::string_view whole) {
  const std::string plain = plain_form(whole);
  const std::string_view line = plain.empty() ? whole : plain;
  const size_t end = line.find_last_not_of(" \t\r");
  const size_t space = line.find_last_of(" \t", end);
  const size_t path_end = space == std::string_view::npos ? space : line.find_last_not_of(" \t", space);
  if (path_end == std::string_view::npos) throw bad_line(list, number, "not of the form `path label`");
  const std::string_view label = line.substr(space + 1, end - space);
  int64_t value = 0;
  const auto [parsed, code] = std::from_chars(label.data(), label.data() + label.size(), value);
  if (code != std::errc{} || parsed != label.data() + label.size() || value < 0) {
    throw bad_line(list, number, fmt::format("'{}' is not a label, a whole number from 0", printable(label)));
  }
  const std::string_view path = line.substr(0, path_end + 1);
  if (path.find('\0') != std::string_view::npos) throw bad_line(list, number, "a NUL byte in a path");
  return {std::string(path), std::to_string(value), number};
}

std::vector<Entry> read_plain(const fs::path& list) {
  const std::string text = read_text(list, uint64_t{1} << 36);
  std::vector<Entry> entries;
  int64_t number = 0;
  for (size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) entries.push_back(parse_line(list, number, line));
    begin = end + 1;
  }
  return entries;
}

size_t column_of(const CsvTable& table, const std::string& wanted, std::initializer_list<const char*> usual,
                 const char* what) {
  auto find = [&](const std::string& name) {
    return static_cast<size_t>(std::find(table.columns.begin(), table.columns.end(), name) - table.columns.begin());
  };
  size_t column = wanted.empty() ? table.columns.size() : find(wanted);
  if (wanted.empty()) {
    for (const char* name : usual) column = column < table.columns.size() ? column : find(name);
  }
  if (column < table.columns.size()) return column;
  const std::string missing = wanted.empty() ? fmt::format("no column of a known name holds the {}", what)
                                             : fmt::format("has no column '{}'", wanted);
  throw Error::usage(missing)
      .file(text_of(table.file))
      .hint(fmt::format("its columns are {}; say which: columns.{}", join(table.columns), what));
}

std::vector<Entry> read_table(const fs::path& list, const ColumnsConfig& columns) {
  CsvTable table = read_csv(list, extension_of(list) == ".tsv" ? '\t' : ',');
  const size_t file = column_of(table, columns.file,
                                {"file", "file_name", "filename", "path", "image", "image_path", "img_path"}, "file");
  const size_t identity = column_of(table, columns.identity,
                                    {"identity", "face_id", "person", "subject", "label", "class", "id"}, "identity");
  std::vector<Entry> entries;
  entries.reserve(table.rows.size());
  for (CsvRow& row : table.rows) {
    std::string& path = row.fields[file];
    if (path.empty() || row.fields[identity].empty()) throw bad_line(list, row.line, "an empty path or identity");
    if (path.find('\0') != std::string::npos) throw bad_line(list, row.line, "a NUL byte in a path");
    entries.push_back({std::move(path), std::move(row.fields[identity]), row.line});
  }
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

}  // namespace

bool is_list(const fs::path& path) {
  const std::string extension = extension_of(path);
  return extension == ".txt" || extension == ".lst" || extension == ".csv" || extension == ".tsv";
}

std::shared_ptr<Dataset> open_list(const fs::path& list, const fs::path& root, const ColumnsConfig& columns,
                                   Problems& problems) {
  const std::string extension = extension_of(list);
  const bool is_table = extension == ".csv" || extension == ".tsv";
  const std::vector<Entry> entries = is_table ? read_table(list, columns) : read_plain(list);
  if (entries.empty())
    throw Error::usage("names no images").file(text_of(list)).hint("the form is `path label` a line");

  std::error_code code;
  const bool below_root = !root.empty() && fs::exists(root / entries.front().path, code);
  const fs::path folder = below_root ? root : list.parent_path();
  std::vector<std::string> faults(entries.size());
  parallel_for(static_cast<int64_t>(entries.size()), 4 * available_cores(), [&](int64_t i) {
    const Entry& entry = entries[static_cast<size_t>(i)];
    faults[static_cast<size_t>(i)] = fault_of(folder / entry.path, entry.path);
  });

  const std::shared_ptr<ImageFiles> files =
      is_table ? std::make_shared<ImageFiles>(folder) : std::make_shared<NumberedFiles>(folder);
  std::map<std::string, uint32_t, decltype(&precedes)> labels(&precedes);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (faults[i].empty()) labels.emplace(entries[i].identity, 0);
  }
  for (auto& [identity, label] : labels) label = files->add_class(identity);
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (faults[i].empty()) {
      files->add(entry.path, labels.at(entry.identity));
    } else {
      problems.add({text_of(list), fmt::format("line {}: {}: {}", entry.line, printable(entry.path), faults[i])});
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
