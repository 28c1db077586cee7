#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <pugixml.hpp>

#include "face/landmark_forms.h"
#include "face/landmark_points.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

int64_t line_at(std::string_view text, std::ptrdiff_t offset) {
  const auto end = text.begin() + std::clamp<std::ptrdiff_t>(offset, 0, std::ssize(text));
  return 1 + std::count(text.begin(), end, '\n');
}

float number_of(const pugi::xml_node& node, const char* attribute) {
  const char* text = node.attribute(attribute).value();
  const std::optional<float> number = parse_coordinate(text);
  if (!number) throw Error::usage(fmt::format("<{}> with {}='{}', no number", node.name(), attribute, printable(text)));
  return *number;
}

// The parts' names are their numbers; they stand in any order.
Landmarks landmarks_of(const pugi::xml_node& box) {
  std::array<Point, 68> points;
  std::bitset<68> is_there;
  int64_t count = 0;
  for (const pugi::xml_node& part : box.children("part")) {
    ++count;
    const float number = number_of(part, "name");
    if (number < 0 || number >= 68) continue;
    is_there.set(static_cast<size_t>(number));
    points[static_cast<size_t>(number)] = {number_of(part, "x"), number_of(part, "y")};
  }
  if (count != 68 || !is_there.all()) {
    throw Error::usage(fmt::format("a box of {} parts", count)).hint("wanted are the 68 of iBUG 300-W, named 00 to 67");
  }
  return five_points(points);
}

void read_image(const pugi::xml_node& image, LandmarkTable& table) {
  table.add_image(image.attribute("file").value());
  for (const pugi::xml_node& box : image.children("box")) {
    if (box.attribute("ignore").as_bool() || !box.child("part")) continue;
    Face face{.score = 1, .landmarks = landmarks_of(box)};
    const float x = number_of(box, "left"), y = number_of(box, "top");
    face.box = checked_box(x, y, x + number_of(box, "width"), y + number_of(box, "height"));
    table.add_face(face);
  }
}

}  // namespace

void read_dlib_xml(std::string_view text, LandmarkTable& table) {
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer(text.data(), text.size());
  if (!result)
    throw Error::usage(fmt::format("line {}: no XML: {}", line_at(text, result.offset), result.description()));
  const pugi::xml_node images = document.child("dataset").child("images");
  if (!images) throw Error::usage("is not dlib's XML: it has no <dataset> with <images>");
  for (const pugi::xml_node& image : images.children("image")) {
    try {
      read_image(image, table);
    } catch (const Error& error) {
      throw Error::usage(fmt::format("line {}: {}", line_at(text, image.offset_debug()), error.message()))
          .hint(error.hint());
    }
  }
}

}  // namespace facerec
