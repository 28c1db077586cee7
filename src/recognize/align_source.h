// What `align` reads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/recognize/align.h"

namespace facerec {

struct AlignSource {
  std::shared_ptr<const Dataset> images;
  fs::path tree;  // the folder of the images, whose paths below it are their places; "": the set has places of its own
  PairSet pairs;  // of an evaluation set, `a` and `b` are of `images`; no pairs: none
  fs::path lfw_list;  // a list of pairs that names images without their extensions; "": none
  fs::path protocol;  // CFP's folder Protocol; "": none
  Problems problems;  // images that could not be used

  std::string place(int64_t image) const;  // "identity/file.jpg"
  bool has_identity(int64_t image) const;
};

// For what `options` ask to be written: throws a usage Error when the set cannot become that, and those of
// open_images() and open_pairs(). The pairs of a folder that no one asked for are left out where its images give
// several crops.
AlignSource open_align_source(const AlignInput& input, const AlignOptions& options);

// Whether what is written in this form must tell who is in an image.
bool needs_identity(const std::string& format);

// The path of what is read.
fs::path path_of(const AlignInput& input);

}  // namespace facerec
