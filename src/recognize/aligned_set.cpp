#include "facerec/recognize/aligned_set.h"

#include "facerec/core/error.h"

namespace facerec {

AlignedSet::AlignedSet(std::shared_ptr<const Dataset> photographs, const SelectionOptions& selection,
                       const CropShape& shape, DetectorFactory open)
    : photographs_(std::move(photographs)),
      selection_(selection),
      shape_(shape),
      open_(std::move(open)),
      is_centred_(static_cast<size_t>(photographs_->size())) {}

Sample AlignedSet::read(int64_t index) const {
  const Image image = load_image(*photographs_, index);
  const Alignment alignment = choose_faces(detect(image), image.width, image.height, shape_, selection_);
  if (!alignment.chosen.empty()) return {{}, crop_face(image, alignment.faces[alignment.chosen.front()], shape_)};
  const std::scoped_lock lock(mutex_);
  is_centred_[static_cast<size_t>(index)] = true;
  return {{}, crop_center(image, shape_)};
}

std::vector<Face> AlignedSet::detect(const Image& image) const {
  std::unique_ptr<Detector> detector;
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      detector = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!detector) detector = open_();
  std::vector<Face> faces = std::move(detector->detect({&image, 1}).front());
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(detector));
  return faces;
}

std::vector<std::string> AlignedSet::centred() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (size_t i = 0; i < is_centred_.size(); ++i) {
    if (is_centred_[i]) names.push_back(name(static_cast<int64_t>(i)));
  }
  return names;
}

}  // namespace facerec
