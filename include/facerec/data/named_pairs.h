// Pairs of images as a list names them, whether or not there are such images.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "facerec/core/files.h"

namespace facerec {

struct NamedPair {
  int64_t line;  // from 1
  std::string a, b;
  std::optional<bool> label;  // nullopt: the list does not say
};

// Calls `work` with each pair of a list of one of two forms.
//     text     `pathA pathB` a line, tab-separated when paths hold spaces, with or without a label behind: 1; 0 or -1
//     table    .csv, and .tsv whose first row names columns: image1 and image2 (also image_1, img1, file1, path1, a …)
//              and perhaps label (also same, is_same, issame), 1, 0, -1, true, false or empty
// Throws a usage Error naming file and line for another form.
void read_named_pairs(const fs::path& list, const std::function<void(const NamedPair&)>& work);

}  // namespace facerec
