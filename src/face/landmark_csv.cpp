#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "face/landmark_forms.h"
#include "face/landmark_points.h"
#include "face/text_lines.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/csv.h"

namespace facerec {
namespace {

using Names = std::vector<std::string>;

// A column's name in one form: "Left Eye X", "lefteye_x" and "left-eye-x" are all "lefteyex".
std::string plain(std::string_view name) {
  std::string text = lower(name);
  std::erase_if(text, [](char letter) { return std::string_view("_-. ").find(letter) != std::string_view::npos; });
  return text;
}

// What sets call their columns. Of points the * is x or y.
const std::vector<Names> point_names{
    {"lefteye*", "righteye*", "nose*", "leftmouth*", "rightmouth*"},  // CelebA
    {"lefteye*", "righteye*", "nose*", "mouthleft*", "mouthright*"},  // MTCNN's Python packages
    {"eyeleft*", "eyeright*", "nose*", "mouthleft*", "mouthright*"},
    {"p1*", "p2*", "p3*", "p4*", "p5*"},  // VGGFace2
    {"landmark1*", "landmark2*", "landmark3*", "landmark4*", "landmark5*"},
    {"*1", "*2", "*3", "*4", "*5"}};
const std::vector<Names> corner_names{{"boxx1", "boxy1", "boxx2", "boxy2"},
                                      {"bboxx1", "bboxy1", "bboxx2", "bboxy2"},
                                      {"xmin", "ymin", "xmax", "ymax"},
                                      {"left", "top", "right", "bottom"}};
const std::vector<Names> size_names{
    {"x", "y", "width", "height"}, {"x", "y", "w", "h"}, {"left", "top", "width", "height"}};
const std::vector<Names> path_names{{"path"},      {"file"},    {"filename"}, {"image"}, {"imagepath"},
                                    {"imagename"}, {"imageid"}, {"imgpath"},  {"nameid"}};
const std::vector<Names> score_names{{"score"}, {"confidence"}, {"prob"}};

std::vector<Names> with_axes(const std::vector<Names>& sets) {
  std::vector<Names> result;
  for (const Names& set : sets) {
    Names& names = result.emplace_back();
    for (const std::string& name : set) {
      for (const char axis : {'x', 'y'}) {
        std::ranges::replace(names.emplace_back(name), '*', axis);
      }
    }
  }
  return result;
}

// Where the columns of the first of the sets stand that is there as a whole; empty: of none.
std::vector<size_t> columns_of(const Names& columns, const std::vector<Names>& sets) {
  for (const Names& set : sets) {
    std::vector<size_t> places;
    for (const std::string& name : set) {
      const auto found = std::ranges::find(columns, name, plain);
      if (found != columns.end()) places.push_back(static_cast<size_t>(found - columns.begin()));
    }
    if (places.size() == set.size()) return places;
  }
  return {};
}

struct Columns {
  explicit Columns(const Names& names)
      : path(columns_of(names, path_names)),
        points(columns_of(names, with_axes(point_names))),
        corners(columns_of(names, corner_names)),
        size(columns_of(names, size_names)),
        score(columns_of(names, score_names)) {
    if (!path.empty() && !points.empty()) return;
    throw Error::usage(fmt::format("line 1 names no columns of {}", path.empty() ? "paths" : "five points"))
        .hint(fmt::format(
            "its columns are {}; known are path, file, image …, and lefteye_x, lefteye_y, righteye_x … or p1x, "
            "p1y … p5y or x1, y1 … y5",
            printable(join(names), 400)));
  }

  std::vector<size_t> path, points, corners, size, score;
};

std::vector<float> numbers_of(const std::vector<size_t>& columns, const Names& fields) {
  std::vector<float> numbers;
  for (const size_t column : columns) {
    const std::optional<float> number = parse_coordinate(fields[column]);
    if (!number) throw Error::usage(fmt::format("'{}' is not a number", printable(fields[column])));
    numbers.push_back(*number);
  }
  return numbers;
}

Face face_of_fields(const Columns& columns, const Names& fields) {
  Face face = face_of_numbers(numbers_of(columns.points, fields));
  const std::vector<float> score = numbers_of(columns.score, fields), corners = numbers_of(columns.corners, fields),
                           size = numbers_of(columns.size, fields);
  if (!score.empty()) face.score = score[0];
  if (!size.empty()) face.box = checked_box(size[0], size[1], size[0] + size[2], size[1] + size[3]);
  if (!corners.empty()) face.box = checked_box(corners[0], corners[1], corners[2], corners[3]);
  return face;
}

}  // namespace

bool is_landmark_csv(std::string_view text) {
  TextLines lines(text);
  if (!lines.next()) return false;
  const std::vector<std::string_view> names = words_of(lines.line(), ",\t");
  return names.size() >= 11 &&
         std::ranges::none_of(names, [](std::string_view name) { return parse_coordinate(name).has_value(); });
}

void read_landmark_csv(std::string_view text, LandmarkTable& table) {
  const std::string_view header = text.substr(0, text.find('\n'));
  std::optional<Columns> columns;
  parse_csv(
      text, header.find(',') == std::string_view::npos ? '\t' : ',',
      [&](const Names& names) { columns.emplace(names); },
      [&](int64_t number, const Names& fields) {
        at_line(number, [&] {
          const Face face = face_of_fields(*columns, fields);
          table.add_image(fields[columns->path[0]]);
          table.add_face(face);
        });
      });
}

}  // namespace facerec
