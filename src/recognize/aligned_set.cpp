#include "facerec/recognize/aligned_set.h"

#include "facerec/core/error.h"
#include "facerec/recognize/align.h"
#include "recognize/photo.h"

namespace facerec {

AlignedSet::AlignedSet(std::shared_ptr<const Dataset> photographs, const SelectionOptions& selection,
                       const CropShape& shape, DetectorFactory open)
    : DatasetView(std::move(photographs)),
      selection_(selection),
      shape_(shape),
      open_(std::move(open)),
      is_centred_(static_cast<size_t>(size())) {}

Sample AlignedSet::read(int64_t index) const {
  Photo photo = load_photo(images(), index, detection_reduction(selection_));
  std::vector<Face> faces = detect(photo.pixels);
  to_whole(photo, faces);
  const Alignment alignment = choose_faces(std::move(faces), photo.width, photo.height, shape_, selection_);
  ImageRecord record;
  record.width = photo.width;
  record.height = photo.height;
  if (!alignment.chosen.empty()) {
    const size_t face = alignment.chosen.front();
    record.crops.push_back({face, "", *alignment.faces[face].transform, 0});
  } else if (alignment.fallback) {
    record.crops.emplace_back();
    const std::scoped_lock lock(mutex_);
    is_centred_[static_cast<size_t>(index)] = true;
  } else {
    throw NoFace(Error(alignment.reason).file(name(index)));
  }
  if (!is_fine_enough(photo.reduction, record, shape_)) photo = load_photo(images(), index, 1);
  return {{}, cut(photo, record.crops.front(), shape_)};
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

LandmarkedSet::LandmarkedSet(std::shared_ptr<const Dataset> photographs, std::vector<Landmarks> landmarks,
                             const CropShape& shape)
    : DatasetView(std::move(photographs)), landmarks_(std::move(landmarks)), shape_(shape) {}

Sample LandmarkedSet::read(int64_t index) const {
  const Image photograph = load_image(images(), index);
  try {
    const Similarity to_crop = fit_similarity(landmarks_.at(static_cast<size_t>(index)), shape_);
    return {{}, warp(photograph, to_crop, shape_, /*area=*/false)};
  } catch (const Error& error) {
    throw Error(error.message()).file(name(index));
  }
}

}  // namespace facerec
