// What the crop of an image is called.
#pragma once

#include <string>
#include <unordered_map>

#include "recognize/align_source.h"

namespace facerec {

class CropNames {
 public:
  // `as_files`: crops of a folder of images go to the places of their images; else, and those of other sets, to
  // identity/file, as pack has it.
  CropNames(const AlignSource& source, const AlignOptions& options, bool as_files);

  // Of crop `number` of an image; no two are equal.
  std::string file(int64_t image, size_t number) const;

 private:
  std::string usual_stem(int64_t image) const;

  const AlignSource& source_;
  bool keeps_tree_, numbered_;
  std::string extension_;
  std::unordered_map<int64_t, std::string> other_stems_;  // of images whose usual one another image has taken
};

}  // namespace facerec
