// Pictures of any size, decoded by several threads, in groups that fit into memory.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "facerec/data/dataset.h"

namespace facerec {

struct PictureGroup {
  struct Entry {
    int64_t index = 0;       // in the data set
    std::string error = {};  // why it cannot be read; "": it can be
  };
  std::vector<Entry> entries;
  std::vector<Image> images;  // of those that can be read, in their order
};

class PictureReader {
 public:
  // Whether an image that was read is to be decoded; those that are not wanted are left out. Called once an image.
  using IsWanted = std::function<bool(int64_t index, const Sample& sample)>;

  // threads: that decode; 0: the cores available.
  explicit PictureReader(const Dataset& images, int threads = 0, IsWanted is_wanted = {})
      : images_(images), threads_(threads), is_wanted_(std::move(is_wanted)) {}

  // The next ones in their order: at most 32, and of at most 2^25 pixels (100 MB) when there is more than one. No
  // entries at the end.
  PictureGroup next();

 private:
  const Dataset& images_;
  int threads_;
  IsWanted is_wanted_;
  int64_t position_ = 0;
};

}  // namespace facerec
