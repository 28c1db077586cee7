#include "tools/front.h"

namespace facerec {

void add_face_options(CLI::App& app, FaceOptions& options) {
  app.add_option("--align", options.align,
                 "auto: pictures of the model's input size are crops, in others the best detector finds the faces | "
                 "none: all are crops | a detector, see align --help")
      ->capture_default_str();
  app.add_option("--weights", options.weights, "of the detector: file, of MTCNN a folder of three");
  app.add_option("--faces", options.faces, "all | largest: near the middle of the picture | center | best: by score")
      ->check(CLI::IsMember({"all", "largest", "center", "best"}))
      ->capture_default_str();
  app.add_option("--min-size", options.min_size, "of a face: the longer side of its box in pixels")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--min-score", options.min_score, "of a face; 0: the detector's own threshold")
      ->check(CLI::Range(0.0, 1.0));
}

}  // namespace facerec
