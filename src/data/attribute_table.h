// Values of images that a table tells, CSV, by their paths.
#pragma once

#include <map>
#include <string>

#include "facerec/data/dataset.h"

namespace facerec {

class AttributeTable {
 public:
  // `paths`: the column with the images' paths; empty: as of CSV files to train on (data/lists.h). Throws a usage Error
  // naming the file when it has no such columns, or two values for a path.
  void read(const fs::path& file, const std::string& paths, const std::string& values);

  // The value in the row whose path is that of the image, or the end of it from a folder or the file's name on, the
  // longest of these; "" when there is no row, or no value in it. Throws a usage Error when it is also that of another
  // image: a row is about one.
  std::string value_of(const Dataset& images, int64_t image);

 private:
  struct Row {
    std::string value;
    int64_t image = -1;  // that it was found for
  };
  Row* row_of(const std::string& path);

  fs::path file_;
  std::map<std::string, Row, std::less<>> rows_;
};

}  // namespace facerec
