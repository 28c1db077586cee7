// Which of the faces in an image are taken, and from where their crops are cut: for `align`, and every command that
// takes
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
  largest,  // by area less twice the squared distance of its centre from the image's, in pixels, as InsightFace's LFW
            // scripts and facenet-pytorch's center_weighted_size do: the subject stands in the middle
  center,   // nearest the image's centre
  best,     // highest score
  all,      // every face, in the order of `largest`
};

FaceChoice parse_face_choice(const std::string& name);  // throws a usage Error
const char* name_of(FaceChoice choice);

struct SelectionOptions {
  FaceChoice faces = FaceChoice::largest;
  int min_size = 20;             // the longer side of the box in pixels
  float min_score = 0;           // 0: the detector's own
  double max_yaw = 0;            // degrees to either side, by estimate_pose(); 0: any
  bool fallback_center = false;  // an image without a face is cut out of its centre
};

struct FoundFace {
  Face face = {};
  Pose pose = {};                            // zeros without a transform
  std::optional<Similarity> transform = {};  // nullopt: its landmarks give none
  std::string rejected = {};                 // why it cannot be chosen: "smaller than 20 pixels"; "": it can
};

struct Alignment {
  int width = 0, height = 0;  // of the image, after EXIF rotation
  std::vector<FoundFace> faces = {};
  std::vector<size_t> chosen =
      {};                   // of `faces`, in the order of the choice; of equals the detector's first stays first
  std::string reason = {};  // why those, or why none: "largest of 3, by area less its distance from the centre"
  bool fallback = false;    // nothing chosen, but the image's centre serves
};

// Which of the faces are taken, and why.
Alignment choose_faces(std::vector<Face> faces, int width, int height, const CropShape& shape,
                       const SelectionOptions& options);

// The crop of a face with a transform, which choose_faces() has made for this shape; of the centre (the largest
// rectangle of the crop's shape, resized) for a fallback.
Image crop_face(const Image& image, const FoundFace& face, const CropShape& shape);
Image crop_center(const Image& image, const CropShape& shape);

}  // namespace facerec
