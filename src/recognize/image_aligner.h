// From images to the records of them, and their crops into a folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "facerec/face/landmark_file.h"
#include "facerec/recognize/align.h"
#include "recognize/align_record.h"
#include "recognize/align_source.h"
#include "recognize/crop_names.h"
#include "recognize/photo.h"

namespace facerec {

// What the threads of an alignment share.
struct AlignTask {
  const AlignSource& source;
  const AlignOptions& options;
  const CropNames& names;
  const LandmarkFile* landmarks;  // nullptr: a detector finds them
  int reduction;                  // at which images are looked at
  fs::path crops, scratch;        // "": crops are not written
};

// The photograph of an image, as fine as all the crops want it that its record tells of: the one that is given, or one
// that is read.
Photo photo_for_crops(const AlignTask& task, int64_t image, const ImageRecord& record, Photo photo = {});

// The crops of an image, as its record tells of them.
std::vector<Image> cut_crops(const AlignTask& task, int64_t image, const ImageRecord& record, Photo photo = {});

std::vector<std::byte> encode_crop(const AlignTask& task, const Image& crop);

// Writes a crop, whole or absent.
void write_crop(const AlignTask& task, int64_t image, size_t number, const Image& crop);

// One a thread.
class ImageAligner {
 public:
  ImageAligner(const AlignTask& task, std::unique_ptr<Detector> detector)
      : task_(task), detector_(std::move(detector)) {}

  // The images first … end − 1.
  Records align(int64_t first, int64_t end);

 private:
  // An image between its decoding and its crops.
  struct Pending {
    int64_t index;
    ImageRecord record;
    Photo photo;
    std::vector<Face> faces;
  };
  Pending load(int64_t index) const;
  void detect(std::vector<Pending>& batch) const;
  void detect_one(Pending& pending) const;
  ImageRecord finish(Pending pending) const;

  const AlignTask& task_;
  std::unique_ptr<Detector> detector_;
};

}  // namespace facerec
