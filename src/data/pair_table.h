// Tables of pairs: .csv and .tsv with a first row of names.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "facerec/core/files.h"

namespace facerec {

struct PairRow {
  int64_t line;
  std::string a, b;
  std::optional<bool> label;  // nullopt: there is no such column, or the field is empty
};

// Columns: image1 and image2 (also image_1, img1, file1, path1, a …), label (also same, is_same, issame): 1, 0, -1,
// true, false. Throws a usage Error naming file and line for another form.
void read_pair_table(const fs::path& list, const std::function<void(const PairRow&)>& work);

// The column of a table that is called one of `names`, in any case; columns.size() when none is.
size_t column_called(const std::vector<std::string>& columns, std::initializer_list<const char*> names);

}  // namespace facerec
