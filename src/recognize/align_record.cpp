#include "recognize/align_record.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 4> status_names{"aligned", "fallback", "no_face", "failed"};

// More digits than a detector or an estimate has are noise in a file of millions of lines.
double rounded(double value, double digits) {
  const double factor = std::pow(10, digits);
  return std::round(value * factor) / factor;
}

double pixels(float value) { return rounded(value, 3); }

Json to_json(const FoundFace& found) {
  const Box& box = found.face.box;
  Json landmarks = Json::array();
  for (const Point& point : found.face.landmarks) landmarks.push_back({pixels(point.x), pixels(point.y)});
  return {{"box", {pixels(box.x1), pixels(box.y1), pixels(box.x2), pixels(box.y2)}},
          {"score", rounded(found.face.score, 5)},
          {"landmarks", std::move(landmarks)},
          {"yaw", rounded(found.pose.yaw, 1)},
          {"pitch", rounded(found.pose.pitch, 1)},
          {"roll", rounded(found.pose.roll, 1)},
          {"rejected", found.rejected.empty() ? Json() : Json(found.rejected)}};
}

Json to_json(const CropRecord& crop) {
  return {{"face", crop.face ? Json(*crop.face) : Json()},
          {"file", crop.file},
          {"matrix", crop.face ? Json(crop.transform.matrix) : Json()},
          {"sharpness", rounded(crop.sharpness, 2)}};
}

// What is no number was written as null.
double number(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

float number32(const Json& json) { return static_cast<float>(number(json)); }

FoundFace face_of(const Json& json) {
  FoundFace found;
  const Json &box = json.at("box"), &landmarks = json.at("landmarks");
  found.face.box = {number32(box.at(0)), number32(box.at(1)), number32(box.at(2)), number32(box.at(3))};
  found.face.score = number32(json.at("score"));
  for (size_t i = 0; i < found.face.landmarks.size(); ++i) {
    found.face.landmarks[i] = {number32(landmarks.at(i).at(0)), number32(landmarks.at(i).at(1))};
  }
  found.pose = {number(json.at("yaw")), number(json.at("pitch")), number(json.at("roll"))};
  if (json.at("rejected").is_string()) found.rejected = json.at("rejected");
  return found;
}

CropRecord crop_of(const Json& json) {
  CropRecord crop;
  crop.file = json.at("file");
  crop.sharpness = number(json.at("sharpness"));
  if (json.at("face").is_null()) return crop;
  crop.face = json.at("face").get<size_t>();
  crop.transform.matrix = json.at("matrix").get<std::array<double, 6>>();
  crop.transform.scale = std::hypot(crop.transform.matrix[0], crop.transform.matrix[3]);
  return crop;
}

}  // namespace

const char* name_of(AlignStatus status) { return status_names[static_cast<size_t>(status)]; }

std::string to_line(const ImageRecord& record) {
  Json faces = Json::array(), crops = Json::array();
  for (const FoundFace& face : record.faces) faces.push_back(to_json(face));
  for (const CropRecord& crop : record.crops) crops.push_back(to_json(crop));
  const bool is_decoded = record.width > 0;
  return to_json_text({{"image", record.image},
                       {"status", name_of(record.status)},
                       {"reason", record.reason},
                       {"width", is_decoded ? Json(record.width) : Json()},
                       {"height", is_decoded ? Json(record.height) : Json()},
                       {"faces", std::move(faces)},
                       {"crops", std::move(crops)}});
}

ImageRecord parse_record(std::string_view line) try {
  const Json json = Json::parse(line);
  ImageRecord record;
  record.image = json.at("image");
  record.reason = json.at("reason");
  const auto status = std::ranges::find(status_names, json.at("status").get<std::string>());
  if (status == status_names.end()) throw Error("an unknown status");
  record.status = static_cast<AlignStatus>(status - status_names.begin());
  if (json.at("width").is_number()) {
    record.width = json.at("width");
    record.height = json.at("height");
  }
  for (const Json& face : json.at("faces")) record.faces.push_back(face_of(face));
  for (const Json& crop : json.at("crops")) record.crops.push_back(crop_of(crop));
  return record;
} catch (const nlohmann::json::exception& fault) {
  throw Error(std::string("is not of the form that align writes: ") + fault.what());
}

}  // namespace facerec
