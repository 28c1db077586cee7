#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <optional>

#include "face/detectors.h"
#include "facerec/core/error.h"
#include "facerec/face/alignment.h"

namespace facerec {
namespace {

constexpr double pyramid_step = 1.1;
constexpr int neighbours = 3;  // OpenCV's default of each

// Where eyes, nose and mouth lie in a box of frontalface_alt2, in its sides: medians over 207 faces of LFW, by
// RetinaFace's landmarks, both sides taken together.
constexpr std::array<std::array<float, 2>, 5> in_box = {
    {{0.315F, 0.394F}, {0.685F, 0.394F}, {0.5F, 0.617F}, {0.343F, 0.783F}, {0.657F, 0.783F}}};

class Haar final : public Detector {
 public:
  Haar(const DetectorOptions& options, const fs::path& cascades)
      : min_size_(options.min_size), min_score_(options.min_score) {
    load(face_, cascades / "haarcascade_frontalface_alt2.xml");
    load(eye_, cascades / "haarcascade_eye_tree_eyeglasses.xml");
    if (options.threads > 0) cv::setNumThreads(options.threads);
  }

  const std::string& name() const override { return name_; }

  std::vector<std::vector<Face>> detect(std::span<const Image> images) override {
    std::vector<std::vector<Face>> faces;
    for (const Image& image : images) faces.push_back(detect(image));
    return faces;
  }

 private:
  static void load(cv::CascadeClassifier& cascade, const fs::path& file) {
    try {
      if (fs::exists(file) && cascade.load(file.string())) return;
    } catch (const cv::Exception&) {  // what OpenCV throws for XML that is no cascade
    }
    throw Error(fs::exists(file) ? "is not one of OpenCV's cascades" : "is not there")
        .file(text_of(file))
        .hint("Debian and Ubuntu have the cascades in the package opencv-data");
  }

  std::vector<Face> detect(const Image& image) {
    const cv::Mat rgb(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
    cv::Mat grey;
    cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
    std::vector<cv::Rect> boxes;
    std::vector<int> votes;
    face_.detectMultiScale(grey, boxes, votes, pyramid_step, neighbours, 0, cv::Size(min_size_, min_size_));
    std::vector<Face> faces;
    for (size_t i = 0; i < boxes.size(); ++i) {
      // Of the windows that were joined: 3 give 0.75, many come near 1.
      const float score = 1 - 1 / (1 + static_cast<float>(votes[i]));
      if (score < min_score_) continue;
      const cv::Rect& at = boxes[i];
      const Box box{static_cast<float>(at.x), static_cast<float>(at.y), static_cast<float>(at.x + at.width),
                    static_cast<float>(at.y + at.height)};
      faces.push_back({box, score, landmarks_in(grey, at)});
    }
    std::stable_sort(faces.begin(), faces.end(), [](const Face& a, const Face& b) { return a.score > b.score; });
    return faces;
  }

  // From the two eyes, where both are found, by the proportions of the template; else by those of the box.
  Landmarks landmarks_in(const cv::Mat& grey, const cv::Rect& box) {
    Landmarks landmarks;
    const auto left = eye_in(grey, {box.x, box.y + box.height / 6, box.width / 2, box.height / 2});
    const auto right = eye_in(grey, {box.x + box.width / 2, box.y + box.height / 6, box.width / 2, box.height / 2});
    if (!left || !right) {
      for (size_t i = 0; i < 5; ++i) {
        landmarks[i] = {static_cast<float>(box.x) + in_box[i][0] * static_cast<float>(box.width),
                        static_cast<float>(box.y) + in_box[i][1] * static_cast<float>(box.height)};
      }
      return landmarks;
    }
    // The similarity that takes the template's eyes to these, as a complex factor.
    const Points64 shape = template_points({});
    const double span_x = shape[1][0] - shape[0][0], span_y = shape[1][1] - shape[0][1];
    const double dx = right->x - left->x, dy = right->y - left->y, norm = span_x * span_x + span_y * span_y;
    const double real = (dx * span_x + dy * span_y) / norm, imaginary = (dy * span_x - dx * span_y) / norm;
    for (size_t i = 0; i < 5; ++i) {
      const double x = shape[i][0] - shape[0][0], y = shape[i][1] - shape[0][1];
      landmarks[i] = {static_cast<float>(left->x + real * x - imaginary * y),
                      static_cast<float>(left->y + imaginary * x + real * y)};
    }
    return landmarks;
  }

  // The centre of the eye for which most windows speak.
  std::optional<Point> eye_in(const cv::Mat& grey, const cv::Rect& half) {
    const cv::Rect inside = half & cv::Rect(0, 0, grey.cols, grey.rows);
    if (inside.empty()) return std::nullopt;
    std::vector<cv::Rect> eyes;
    std::vector<int> votes;
    eye_.detectMultiScale(grey(inside), eyes, votes, pyramid_step, neighbours);
    if (eyes.empty()) return std::nullopt;
    const cv::Rect& eye = eyes[static_cast<size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin())];
    return Point{static_cast<float>(inside.x + eye.x) + static_cast<float>(eye.width) / 2,
                 static_cast<float>(inside.y + eye.y) + static_cast<float>(eye.height) / 2};
  }

  std::string name_ = "haar";
  int min_size_;
  float min_score_;
  cv::CascadeClassifier face_, eye_;
};

}  // namespace

std::unique_ptr<Detector> open_haar(const DetectorOptions& options, const fs::path& cascades) {
  return std::make_unique<Haar>(options, cascades);
}

}  // namespace facerec
