#include "tools/front.h"

namespace facerec {

namespace {

std::string meaning(const std::string& choice) {
  if (choice == "one") return "one: a picture that shows several is left out";
  if (choice == "largest") return "largest: by area, less its distance from the centre";
  if (choice == "best") return "best: by score";
  return choice;
}

}  // namespace

void add_face_options(CLI::App& app, FaceOptions& options, const std::vector<std::string>& choices) {
  options.faces = choices.front();
  std::string help;
  for (const std::string& choice : choices) help += (help.empty() ? "" : " | ") + meaning(choice);
  app.add_option("--align", options.align,
                 "auto: pictures of the model's input size are crops, in others the best detector finds the faces | "
                 "none: all are crops | a detector, see align --help")
      ->capture_default_str();
  app.add_option("--weights", options.weights, "of the detector: file, of MTCNN a folder of three");
  app.add_option("--faces", options.faces, help)->check(CLI::IsMember(choices))->capture_default_str();
  app.add_option("--min-size", options.min_size, "of a face: the longer side of its box in pixels")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--min-score", options.min_score, "of a face; 0: the detector's own threshold")
      ->check(CLI::Range(0.0, 1.0));
}

}  // namespace facerec
