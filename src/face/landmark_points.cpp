#include "face/landmark_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

Point mean_of(std::span<const Point> points) {
  Point mean;
  for (const Point& point : points) mean = {mean.x + point.x, mean.y + point.y};
  const auto count = static_cast<float>(points.size());
  return {mean.x / count, mean.y / count};
}

float cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }
Point difference(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }

}  // namespace

std::optional<float> parse_coordinate(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  float value = 0;
  return parse_number(text, value) && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

Landmarks five_points(std::span<const Point> points) {
  if (points.size() == 5) return {points[0], points[1], points[2], points[3], points[4]};
  if (points.size() != 68) {
    throw Error::usage(fmt::format("{} points", points.size())).hint("wanted are 5, or the 68 of iBUG 300-W");
  }
  return {mean_of(points.subspan(36, 6)), mean_of(points.subspan(42, 6)), points[30], points[48], points[54]};
}

Box box_about(const Landmarks& landmarks) {
  const auto [left, right] = std::ranges::minmax(landmarks, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax(landmarks, {}, &Point::y);
  const float dx = (right.x - left.x) / 2, dy = (bottom.y - top.y) / 2;
  return {left.x - dx, top.y - dy, right.x + dx, bottom.y + dy};
}

Box checked_box(float x1, float y1, float x2, float y2) {
  if (x2 >= x1 && y2 >= y1) return {x1, y1, x2, y2};
  throw Error::usage(fmt::format("the box {} {} {} {} ends before it begins", x1, y1, x2, y2))
      .hint("a box is x1 y1 x2 y2, not x y width height");
}

Face face_of_numbers(std::span<const float> numbers) {
  const size_t coordinates = numbers.size() > 15 ? 136 : 10;
  const size_t before = numbers.size() - coordinates;
  if (numbers.size() < coordinates || (before != 0 && before != 4 && before != 5)) {
    throw Error::usage(fmt::format("{} numbers behind the path", numbers.size()))
        .hint("wanted are the 10 of five points (or 136 of 68), 4 more before them for a box, 5 for a box and a score");
  }
  std::vector<Point> points;
  for (size_t i = before; i < numbers.size(); i += 2) points.push_back({numbers[i], numbers[i + 1]});
  Face face{.score = before == 5 ? numbers[4] : 1, .landmarks = five_points(points)};
  face.box = before == 0 ? box_about(face.landmarks) : checked_box(numbers[0], numbers[1], numbers[2], numbers[3]);
  return face;
}

bool is_mirrored(const Landmarks& l) {
  const Point down = difference(mean_of(std::span(l).subspan(3)), mean_of(std::span(l).first(2)));
  return cross(difference(l[1], l[0]), down) < 0 && cross(difference(l[4], l[3]), down) < 0;
}

void exchange_sides(Landmarks& landmarks) {
  std::swap(landmarks[0], landmarks[1]);
  std::swap(landmarks[3], landmarks[4]);
}

}  // namespace facerec
