// A file of points beside each image.
#pragma once

#include <atomic>

#include "facerec/face/landmark_file.h"

namespace facerec {

class LandmarkFolder : public LandmarkFile {
 public:
  // "": the files lie beside the images, else below `root` at the images' places in the data set.
  explicit LandmarkFolder(fs::path root) : root_(std::move(root)) {}

  std::vector<Face> faces(const std::string& relative_path, const fs::path& file) const override;
  int64_t size() const override { return -1; }
  std::string note() const override;

 private:
  fs::path root_;
  mutable std::atomic<int64_t> mirrored_ = 0;
};

// The face of such a file: lines of two numbers are points, one of four the box, whose last two numbers are its other
// corner where that makes it hold the points, else its size. Other lines may hold words, of .pts files. Throws Error
// naming a line of another count of numbers, and for another number of points than five_points() takes.
Face parse_points(std::string_view text);

}  // namespace facerec
