#include "tools/run/faces.h"

#include <nlohmann/json.hpp>

#include "facerec/core/error.h"

namespace facerec {

FaceEmbedderOptions embedder_options(const FaceOptions& faces, const EngineOptions& engine, EmbeddingRule rule) {
  const FaceOptions usual;
  const bool detects = !faces.weights.empty() || faces.min_size != usual.min_size || faces.min_score != usual.min_score;
  if (faces.align == "none" && detects) {
    throw Error::usage("--weights, --min-size and --min-score are for detectors; --align none takes whole pictures");
  }
  FaceEmbedderOptions options;
  options.rule = rule;
  options.align = faces.align;
  options.detector.weights = faces.weights;
  options.detector.device = engine.device;
  options.detector.threads = engine.threads;
  options.detector.min_size = options.selection.min_size = faces.min_size;
  options.detector.min_score = options.selection.min_score = static_cast<float>(faces.min_score);
  options.selection.faces = faces.faces == "one" ? FaceChoice::all : parse_face_choice(faces.faces);
  return options;
}

nlohmann::ordered_json json_of(const EmbeddedFace& face) {
  using Json = nlohmann::ordered_json;
  Json json{{"crop", face.crop}, {"box", nullptr}, {"score", nullptr}, {"landmarks", nullptr}, {"norm", face.norm}};
  if (face.crop) return json;
  const Box& box = face.detected.box;
  json["box"] = {box.x1, box.y1, box.x2, box.y2};
  json["score"] = face.detected.score;
  json["landmarks"] = Json::array();
  for (const Point& point : face.detected.landmarks) json["landmarks"].push_back({point.x, point.y});
  return json;
}

}  // namespace facerec
