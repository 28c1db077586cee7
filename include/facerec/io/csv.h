// Tables of text: RFC 4180, through libcsv.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

using CsvColumns = std::function<void(const std::vector<std::string>& names)>;
// `line`: from 1, of the row's end where a field holds line ends. As many fields as there are columns.
using CsvRow = std::function<void(int64_t line, const std::vector<std::string>& fields)>;

// Calls `columns` with the first row, then `row` for each of the others. Throws a usage Error naming file and line when
// the file is empty, not well formed, or a row has another number of fields; what the two throw is passed on.
void parse_csv(std::string_view text, char delimiter, const CsvColumns& columns, const CsvRow& row);  // names no file
void read_csv(const fs::path& path, char delimiter, const CsvColumns& columns, const CsvRow& row);

// The text as a field: in quotes where it holds what ends one, or begins or ends with a blank, which many readers trim.
std::string csv_field(std::string_view text);

}  // namespace facerec
