#include "face/landmark_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "face/landmark_points.h"
#include "face/text_lines.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr uint64_t largest_file = 1 << 20;  // bytes; 68 points take two thousand

bool holds(const Box& box, const Landmarks& landmarks) {
  return std::ranges::all_of(landmarks, [&](const Point& point) {
    return point.x >= box.x1 && point.x <= box.x2 && point.y >= box.y1 && point.y <= box.y2;
  });
}

}  // namespace

Face parse_points(std::string_view text) {
  std::vector<Point> points;
  std::vector<float> box;
  TextLines lines(text);
  while (lines.next_filled()) {
    std::vector<float> numbers;
    const std::vector<std::string_view> words = words_of(lines.line());
    for (const std::string_view word : words) {
      if (const auto number = parse_coordinate(word)) numbers.push_back(*number);
    }
    if (numbers.size() != words.size()) continue;
    if (numbers.size() == 2) {
      points.push_back({numbers[0], numbers[1]});
    } else if (numbers.size() == 4 && box.empty()) {
      box = numbers;
    } else {
      throw Error(fmt::format("line {}: {} numbers", lines.number(), numbers.size()))
          .hint("lines of two numbers are points, one line of four is the box");
    }
  }
  Face face{.score = 1, .landmarks = five_points(points)};
  face.box = box_about(face.landmarks);
  if (!box.empty()) {
    const Box corners{box[0], box[1], box[2], box[3]};
    face.box = holds(corners, face.landmarks) ? corners : checked_box(box[0], box[1], box[0] + box[2], box[1] + box[3]);
  }
  return face;
}

std::vector<Face> LandmarkFolder::faces(const std::string& relative_path, const fs::path& file) const {
  fs::path points = root_.empty() ? file : root_ / relative_path;
  points.replace_extension(".txt");
  std::error_code code;
  if (!fs::exists(points, code)) return {};
  try {
    Face face = parse_points(read_text(points, largest_file));
    if (is_mirrored(face.landmarks)) {
      exchange_sides(face.landmarks);
      ++mirrored_;
    }
    return {face};
  } catch (const Error& error) {
    if (!error.file().empty()) throw;
    throw Error(error.message()).hint(error.hint()).file(text_of(points));  // one image's fault, not the user's
  }
}

std::string LandmarkFolder::note() const {
  if (mirrored_ == 0) return "";
  return fmt::format("in {} of the files left is the person's own left: left and right are exchanged in those",
                     mirrored_.load());
}

}  // namespace facerec
