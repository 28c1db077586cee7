// Detection, choice of the face, and crop in one: what `align` does to each image, and what every command does that takes
// --align.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/face/alignment.h"
#include "facerec/face/detector.h"
#include "facerec/face/quality.h"

namespace facerec {

enum class FaceChoice {
  largest,  // by area, less the squared distance of its centre from the image's twice over, as InsightFace's and
            // facenet-pytorch's users do for LFW: the subject stands in the middle
  center,   // nearest the image's centre
  best,     // highest score
  all,      // every face, in the order of `largest`
};

FaceChoice parse_face_choice(const std::string& name);  // throws a usage Error

struct SelectionOptions {
  FaceChoice faces = FaceChoice::largest;
  int min_size = 20;     // the longer side of the box in pixels
  float min_score = 0;   // 0: the detector's own
  double max_yaw = 0;    // degrees to either side, by estimate_pose(); 0: any
  bool fallback_center = false;  // an image without a face is cut out of its centre
};

struct FoundFace {
  Face face;
  Pose pose;
  std::optional<Similarity> transform;  // nullopt: its landmarks give none
  std::string rejected;                 // why it cannot be chosen; "": it can
};

struct Alignment {
  int width = 0, height = 0;  // of the image, after EXIF rotation
  std::vector<FoundFace> faces;
  std::vector<size_t> chosen;  // of `faces`, in the order of the choice
  std::string reason;          // why those, or why none
  bool fallback = false;       // nothing chosen, but the image's centre serves
};

// Which of the faces are taken, and why.
Alignment choose_faces(std::vector<Face> faces, int width, int height, const CropShape& shape,
                       const SelectionOptions& options);

// The crop of a chosen face; of the centre (the largest rectangle of the crop's shape) for a fallback.
Image crop_face(const Image& image, const FoundFace& face, const CropShape& shape);
Image crop_center(const Image& image, const CropShape& shape);

}  // namespace facerec
