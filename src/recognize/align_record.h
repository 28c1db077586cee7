// What is told of an image: a line of the journal and of align.json (its form: facerec/recognize/align.h).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/face/aligner.h"

namespace facerec {

enum class AlignStatus { aligned, fallback, no_face, failed };

const char* name_of(AlignStatus status);

struct CropRecord {
  std::optional<size_t> face;  // of ImageRecord::faces; nullopt: the centre of the image
  std::string file;
  Similarity transform;  // of a face
  double sharpness = 0;
};

struct ImageRecord {
  std::string image;
  AlignStatus status = AlignStatus::failed;
  std::string reason;
  int width = 0, height = 0;  // 0: not decoded
  std::vector<FoundFace> faces;
  std::vector<CropRecord> crops;
};

using Records = std::vector<ImageRecord>;

// One line of JSON, without its end.
std::string to_line(const ImageRecord& record);

// Throws Error for a line that to_line() did not write.
ImageRecord parse_record(std::string_view line);

}  // namespace facerec
