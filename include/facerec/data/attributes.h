// Labelled attributes of images: expression, camera angle, … .
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"

namespace facerec {

struct Attribute {
  std::string name;
  std::vector<std::string> values;  // in byte order; a label is the number of its value
  std::vector<int64_t> labels;      // one an image of the data set; −1: missing
};

// What `config.attributes` says of the images, which are those of the sets in `config.train` (task attributes'
// validation: a copy of the configuration with its set).
//
// A pattern is looked for in the path of an image below the folder of its set (of a list: below data.root, or the
// list's folder; of records: Dataset::relative_path). A row of a table is about the image whose path, or the end of
// whose path from a folder or the file's name on, stands in it.
//
// Throws a usage Error with the key of the configuration when none is named, a pattern or column is none, a row fits
// two images, an attribute has fewer than two values, or is missing everywhere; `known`, when it is not empty, are
// those of training: values have their numbers, and an image with another value is an Error.
std::vector<Attribute> read_attributes(const DataConfig& config, const Dataset& images,
                                       const std::vector<Attribute>& known = {});

}  // namespace facerec
