// Tables of text: RFC 4180, through libcsv.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

struct CsvRow {
  int64_t line;  // from 1, the names are 1; of the row's end, when a field holds line ends
  std::vector<std::string> fields;
};

struct CsvTable {
  fs::path file;
  std::vector<std::string> columns;
  std::vector<CsvRow> rows;  // each with as many fields as there are columns
};

// Throws a usage Error naming file and line when it is empty, not well formed, or a row has another number of fields.
CsvTable read_csv(const fs::path& path, char delimiter = ',');

}  // namespace facerec
