#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "face/landmark_forms.h"
#include "face/landmark_points.h"
#include "face/text_lines.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

using nlohmann::json;

// What was no number was written as null.
float number_of(const json& value) { return value.is_null() ? NAN : value.get<float>(); }

Face face_of(const json& record) {
  std::vector<Point> points;
  for (const json& point : record.at("landmarks")) points.push_back({number_of(point.at(0)), number_of(point.at(1))});
  Face face{.score = 1, .landmarks = five_points(points)};
  face.box = box_about(face.landmarks);
  if (record.contains("score")) face.score = number_of(record["score"]);
  if (record.contains("box")) {
    const json& box = record["box"];
    face.box = {number_of(box.at(0)), number_of(box.at(1)), number_of(box.at(2)), number_of(box.at(3))};
  }
  return face;
}

// The path of a record of an image; nullptr for any other object.
const std::string* path_of(const json& record) {
  if (!record.is_object() || !record.contains("faces") || !record["faces"].is_array()) return nullptr;
  for (const char* key : {"image", "file", "path"}) {
    const auto found = record.find(key);
    if (found != record.end() && found->is_string()) return found->get_ptr<const std::string*>();
  }
  return nullptr;
}

void read_image(const std::string& path, const json& faces, LandmarkTable& table) {
  try {
    table.add_image(path);
    for (const json& face : faces) table.add_face(face_of(face));
  } catch (const json::exception&) {
    throw Error::usage(fmt::format("the faces of '{}' are not of the form of align.json", printable(path)))
        .hint("wanted is {\"box\": [x1, y1, x2, y2], \"score\", \"landmarks\": [[x, y], …]} for each");
  } catch (const Error& error) {
    throw Error::usage(fmt::format("the faces of '{}': {}", printable(path), error.message())).hint(error.hint());
  }
}

// Records are taken, and forgotten, as soon as they are whole: a document of millions stays small.
void read_document(std::string_view text, LandmarkTable& table) {
  const auto take = [&](int, json::parse_event_t event, json& value) {
    if (event != json::parse_event_t::object_end) return true;
    const std::string* path = path_of(value);
    if (path != nullptr) read_image(*path, value["faces"], table);
    return path == nullptr;
  };
  try {
    [[maybe_unused]] const json rest = json::parse(text, take);
  } catch (const json::parse_error& error) {
    const auto end = text.begin() + static_cast<int64_t>(std::min(error.byte, text.size()));
    throw Error::usage(
        fmt::format("line {}: no JSON: {}", 1 + std::count(text.begin(), end, '\n'), printable(error.what(), 200)));
  } catch (const json::exception& error) {  // a number beyond all bounds, which has no place
    throw Error::usage(fmt::format("no JSON: {}", printable(error.what(), 200)));
  }
}

}  // namespace

void read_align_json(std::string_view text, LandmarkTable& table) {
  TextLines lines(text);
  lines.next_filled();
  if (!json::accept(lines.line())) return read_document(text, table);
  do {  // a document a line
    at_line(lines.number(), [&] { read_document(lines.line(), table); });
  } while (lines.next_filled());
}

}  // namespace facerec
