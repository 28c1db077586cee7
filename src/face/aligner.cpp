#include "facerec/face/aligner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "model/names.h"

namespace facerec {
namespace {

struct Rule {
  FaceChoice choice;
  const char *name, *reason;  // `reason`: where there are several to choose from
};
constexpr std::array<Rule, 4> rules{
    {{FaceChoice::largest, "largest", "largest of {}, by area less its distance from the centre"},
     {FaceChoice::center, "center", "nearest to the centre of {}"},
     {FaceChoice::best, "best", "highest score of {}"},
     {FaceChoice::all, "all", "all of {}"}}};

double squared_distance_from_centre(const Box& box, int width, int height) {
  const double dx = (double{box.x1} + box.x2 - width) / 2, dy = (double{box.y1} + box.y2 - height) / 2;
  return dx * dx + dy * dy;
}

// The higher, the earlier the face is taken.
double rank(const Face& face, FaceChoice choice, int width, int height) {
  if (choice == FaceChoice::best) return face.score;
  const double distance = squared_distance_from_centre(face.box, width, height);
  if (choice == FaceChoice::center) return -distance;
  return double{face.box.width()} * face.box.height() - 2 * distance;
}

bool is_finite(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) && std::isfinite(box.y2);
}

std::string rejection(const FoundFace& found, const SelectionOptions& options) {
  const Box& box = found.face.box;
  if (!is_finite(box)) return "its box is not of finite numbers";
  if (std::max(box.width(), box.height()) < static_cast<float>(options.min_size))
    return fmt::format("smaller than {} pixels", options.min_size);
  if (!(found.face.score >= options.min_score))
    return fmt::format("score {:.4g} below {:.4g}", found.face.score, options.min_score);
  if (options.max_yaw > 0 && std::abs(found.pose.yaw) > options.max_yaw)
    return fmt::format("turned by {:.0f}° to the {}", std::abs(found.pose.yaw), found.pose.yaw > 0 ? "right" : "left");
  return "";
}

FoundFace examine(const Face& face, const CropShape& shape, const SelectionOptions& options) {
  FoundFace found{.face = face};
  try {
    found.transform = fit_similarity(face.landmarks, shape);
    found.pose = estimate_pose(face.landmarks);
    found.rejected = rejection(found, options);
  } catch (const Error& unusable) {
    found.rejected = unusable.message();
  }
  return found;
}

std::string why_none(const std::vector<FoundFace>& faces) {
  std::vector<std::string> reasons;
  for (const FoundFace& found : faces) {
    if (std::ranges::find(reasons, found.rejected) == reasons.end()) reasons.push_back(found.rejected);
  }
  return faces.empty() ? "no face found" : fmt::format("no usable face: {}", join(reasons, "; "));
}

std::string why_chosen(FaceChoice choice, size_t usable, size_t found) {
  if (found == 1) return "the only face";
  if (usable == 1) return fmt::format("the only usable face of {}", found);
  const auto rule = std::ranges::find(rules, choice, &Rule::choice);
  return fmt::format(fmt::runtime(rule->reason), usable);
}

}  // namespace

FaceChoice parse_face_choice(const std::string& name) {
  const auto rule = std::ranges::find(rules, name, &Rule::name);
  if (rule != rules.end()) return rule->choice;
  std::vector<std::string> known(rules.size());
  std::ranges::transform(rules, known.begin(), &Rule::name);
  throw unknown_name("choice of faces", name, known);
}

const char* name_of(FaceChoice choice) { return std::ranges::find(rules, choice, &Rule::choice)->name; }

Alignment choose_faces(std::vector<Face> faces, int width, int height, const CropShape& shape,
                       const SelectionOptions& options) {
  Alignment alignment{.width = width, .height = height};
  std::vector<size_t>& chosen = alignment.chosen;
  for (const Face& face : faces) {
    alignment.faces.push_back(examine(face, shape, options));
    if (alignment.faces.back().rejected.empty()) chosen.push_back(alignment.faces.size() - 1);
  }
  if (chosen.empty()) {
    alignment.reason = why_none(alignment.faces);
    alignment.fallback = options.fallback_center;
    if (alignment.fallback) alignment.reason += "; the centre of the image serves";
    return alignment;
  }
  alignment.reason = why_chosen(options.faces, chosen.size(), faces.size());
  std::ranges::stable_sort(chosen, std::greater(),
                           [&](size_t i) { return rank(faces[i], options.faces, width, height); });
  if (options.faces != FaceChoice::all) chosen.resize(1);
  return alignment;
}

Image crop_face(const Image& image, const FoundFace& face, const CropShape& shape) {
  return warp(image, face.transform.value(), shape);
}

Image crop_center(const Image& image, const CropShape& shape) {
  const cv::Mat whole(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
  const double scale = std::max(double{1} * shape.width / image.width, double{1} * shape.height / image.height);
  const int width = std::clamp(static_cast<int>(std::lround(shape.width / scale)), 1, image.width);
  const int height = std::clamp(static_cast<int>(std::lround(shape.height / scale)), 1, image.height);
  const cv::Mat centre = whole(cv::Rect((image.width - width) / 2, (image.height - height) / 2, width, height));
  Image crop(shape.width, shape.height);
  cv::Mat target(crop.height, crop.width, CV_8UC3, crop.rgb.data());
  cv::resize(centre, target, target.size(), 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return crop;
}

}  // namespace facerec
