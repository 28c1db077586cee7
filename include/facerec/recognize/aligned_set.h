// Photographs as the aligned crops that a model expects: what --align does for evaluation sets and archives.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/data/view.h"
#include "facerec/face/aligner.h"
#include "facerec/face/detector.h"

namespace facerec {

// Why an image has no face to align.
class NoFace : public Error {
 public:
  explicit NoFace(Error error) : Error(std::move(error)) {}
};

// The same images, identities and names; read() gives the crop of the face that `selection` chooses, as pixels. Of an
// image without such a face it throws NoFace, or, with selection.fallback_center, so that every image of
// a benchmark counts, gives its centre; centred() tells of which. Photographs are looked at in
// detection_reduction(selection) of their size.
class AlignedSet final : public DatasetView {
 public:
  AlignedSet(std::shared_ptr<const Dataset> photographs, const SelectionOptions& selection, const CropShape& shape,
             DetectorFactory open);

  Sample read(int64_t index) const override;  // throws NoFace

  // The images read so far that had no face to align, each once, in no order.
  std::vector<std::string> centred() const;

 private:
  std::vector<Face> detect(const Image& image) const;

  SelectionOptions selection_;
  CropShape shape_;
  DetectorFactory open_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Detector>> idle_;  // one for each thread that has read
  mutable std::vector<bool> is_centred_;
};

// Photographs whose landmarks are known, as crops: InsightFace's norm_crop (eval_ijbc.py).
class LandmarkedSet final : public DatasetView {
 public:
  // One entry an image. read() throws Error naming the image when its landmarks give no transform.
  LandmarkedSet(std::shared_ptr<const Dataset> photographs, std::vector<Landmarks> landmarks, const CropShape& shape);
  Sample read(int64_t index) const override;

 private:
  std::vector<Landmarks> landmarks_;
  CropShape shape_;
};

}  // namespace facerec
