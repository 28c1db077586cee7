// Evaluation sets: images and the pairs of them that a benchmark compares.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"

namespace facerec {

struct Pair {
  uint32_t a, b;  // indices into the images
  bool same;
};

struct PairSet {
  std::string name;
  std::shared_ptr<Dataset> images;  // only those that a pair names, each once
  std::vector<Pair> pairs;          // in file order
  std::vector<uint16_t> fold;       // of each pair, from 0; all 0 for a list without folds
  int64_t missing = 0;              // pairs left out since an image is absent (skip_missing)
};

// An image folder with a list of pairs, in LFW's form or flat:
//     folds<TAB>n  or  n, then per fold n lines `name i j` (same) and n lines `name1 i name2 j` (different), for the
//     files name/name_%04d with any image extension
//     `pathA pathB 0|1` a line, relative to the folder; tab-separated when paths hold spaces; 1: same
// Throws a usage Error naming the file and line for anything else, for absent images (unless skip_missing), for no
// pairs.
PairSet open_pairs(const fs::path& images, const fs::path& list, const std::string& name, bool skip_missing = false);

}  // namespace facerec
