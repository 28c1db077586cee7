#include "facerec/io/csv.h"

#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// libcsv is C: an exception waits here until it has returned.
struct Reading {
  const CsvColumns& columns;
  const CsvRow& row;
  size_t width = 0;  // columns; 0: the first row is still to come
  std::vector<std::string> fields = {};
  int64_t line = 0;
  std::exception_ptr failure = {};
};

void end_field(void* text, size_t size, void* reading) {
  static_cast<Reading*>(reading)->fields.emplace_back(static_cast<const char*>(text), size);
}

void take_row(Reading& reading) {
  if (reading.width == 0) {
    reading.width = reading.fields.size();
    return reading.columns(reading.fields);
  }
  if (reading.fields.size() != reading.width) {
    throw Error::usage(fmt::format("line {}: {} fields where the first row names {} columns", reading.line,
                                   reading.fields.size(), reading.width));
  }
  reading.row(reading.line, reading.fields);
}

void end_row(int, void* data) {
  Reading& reading = *static_cast<Reading*>(data);
  try {
    if (!reading.failure) take_row(reading);
  } catch (...) {
    reading.failure = std::current_exception();
  }
  reading.fields.clear();
}

}  // namespace

void parse_csv(std::string_view text, char delimiter, const CsvColumns& columns, const CsvRow& row) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reading reading{columns, row};
  csv_parser parser{};
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw Error("out of memory");
  const std::unique_ptr<csv_parser, void (*)(csv_parser*)> owner(&parser, csv_free);
  csv_set_delim(&parser, static_cast<unsigned char>(delimiter));
  auto bad = [&](const std::string& what) { return Error::usage(fmt::format("line {}: {}", reading.line, what)); };
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    ++reading.line;
    if (csv_parse(&parser, text.data() + begin, end - begin, end_field, end_row, &reading) != end - begin)
      throw bad(std::string("not well-formed CSV: ") + csv_strerror(csv_error(&parser)));
    if (reading.failure) std::rethrow_exception(reading.failure);
    begin = end;
  }
  if (csv_fini(&parser, end_field, end_row, &reading) != 0) throw bad("a quoted field has no end");
  if (reading.failure) std::rethrow_exception(reading.failure);
  if (reading.width == 0) throw Error::usage("holds no table: it is empty");
}

void read_csv(const fs::path& path, char delimiter, const CsvColumns& columns, const CsvRow& row) try {
  parse_csv(read_text(path, uint64_t{1} << 36), delimiter, columns, row);
} catch (Error& error) {
  if (!error.file().empty()) throw;
  throw std::move(error).file(text_of(path));
}

std::string csv_field(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const bool is_plain = text.find_first_of(",\"\n\r") == std::string_view::npos;
  const bool has_blank_end =
      !text.empty() && (blanks.find(text.front()) != blanks.npos || blanks.find(text.back()) != blanks.npos);
  if (is_plain && !has_blank_end) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + "\"";
}

}  // namespace facerec
