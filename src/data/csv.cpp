#include "data/csv.h"

#include <csv.h>
#include <fmt/format.h>

#include <memory>

#include "facerec/core/error.h"

namespace facerec {
namespace {

struct Reading {
  CsvTable& table;
  std::vector<std::string> fields;
  int64_t line = 0;
};

void end_field(void* text, size_t size, void* reading) {
  static_cast<Reading*>(reading)->fields.emplace_back(static_cast<const char*>(text), size);
}

void end_row(int, void* data) {
  Reading& reading = *static_cast<Reading*>(data);
  std::vector<std::string> fields = std::move(reading.fields);
  reading.fields.clear();
  if (reading.table.columns.empty()) {
    reading.table.columns = std::move(fields);
  } else {
    reading.table.rows.push_back({reading.line, std::move(fields)});
  }
}

}  // namespace

CsvTable read_csv(const fs::path& path, char delimiter) {
  std::string text = read_text(path, uint64_t{1} << 36);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  CsvTable table{path, {}, {}};
  Reading reading{table, {}};
  csv_parser parser{};
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw Error("out of memory");
  const std::unique_ptr<csv_parser, void (*)(csv_parser*)> owner(&parser, csv_free);
  csv_set_delim(&parser, static_cast<unsigned char>(delimiter));
  auto bad = [&](const std::string& what) {
    return Error::usage(fmt::format("line {}: {}", reading.line, what)).file(text_of(path));
  };
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    ++reading.line;
    if (csv_parse(&parser, text.data() + begin, end - begin, end_field, end_row, &reading) != end - begin)
      throw bad(std::string("not well-formed CSV: ") + csv_strerror(csv_error(&parser)));
    begin = end;
  }
  if (csv_fini(&parser, end_field, end_row, &reading) != 0) throw bad("a quoted field has no end");
  if (table.columns.empty()) throw Error::usage("holds no table: it is empty").file(text_of(path));
  for (const CsvRow& row : table.rows) {
    if (row.fields.size() == table.columns.size()) continue;
    throw Error::usage(fmt::format("line {}: {} fields where the first row names {} columns", row.line,
                                   row.fields.size(), table.columns.size()))
        .file(text_of(path));
  }
  return table;
}

}  // namespace facerec
