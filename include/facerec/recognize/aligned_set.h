// Photographs as the aligned crops that a model expects: what --align does for evaluation sets and archives.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/face/aligner.h"
#include "facerec/face/detector.h"

namespace facerec {

// The same images, identities and names; read() gives the crop of the face that `selection` chooses, as pixels. Of an
// image without such a face it throws an Error that says why, or, with selection.fallback_center, so that every image of
// a benchmark counts, gives its centre; centred() tells of which. Photographs are looked at in
// detection_reduction(selection) of their size.
class AlignedSet final : public Dataset {
 public:
  AlignedSet(std::shared_ptr<const Dataset> photographs, const SelectionOptions& selection, const CropShape& shape,
             DetectorFactory open);

  int64_t size() const override { return photographs_->size(); }
  int64_t classes() const override { return photographs_->classes(); }
  int64_t label(int64_t index) const override { return photographs_->label(index); }
  std::string name(int64_t index) const override { return photographs_->name(index); }
  Sample read(int64_t index) const override;
  std::string class_name(int64_t label) const override { return photographs_->class_name(label); }
  bool has_name(int64_t label) const override { return photographs_->has_name(label); }
  std::string relative_path(int64_t index) const override { return photographs_->relative_path(index); }

  // The images read so far that had no face to align, each once, in no order.
  std::vector<std::string> centred() const;

 private:
  std::vector<Face> detect(const Image& image) const;

  std::shared_ptr<const Dataset> photographs_;
  SelectionOptions selection_;
  CropShape shape_;
  DetectorFactory open_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Detector>> idle_;  // one for each thread that has read
  mutable std::vector<bool> is_centred_;
};

}  // namespace facerec
