#include "tools/run/faces.h"

#include <nlohmann/json.hpp>

namespace facerec {

FaceEmbedderOptions embedder_options(const FaceOptions& options, EmbeddingRule rule) {
  FaceEmbedderOptions embedder;
  embedder.rule = rule;
  embedder.align = options.align;
  embedder.detector.weights = options.weights;
  embedder.detector.min_size = options.min_size;
  embedder.detector.min_score = static_cast<float>(options.min_score);
  embedder.selection.faces = parse_face_choice(options.faces);
  embedder.selection.min_size = options.min_size;
  embedder.selection.min_score = static_cast<float>(options.min_score);
  return embedder;
}

nlohmann::ordered_json json_of(const EmbeddedFace& face) {
  using Json = nlohmann::ordered_json;
  Json json{{"crop", face.crop}, {"box", nullptr}, {"score", nullptr}, {"landmarks", nullptr}, {"norm", face.norm}};
  if (face.crop) return json;
  const Box& box = face.face.box;
  json["box"] = {box.x1, box.y1, box.x2, box.y2};
  json["score"] = face.face.score;
  json["landmarks"] = Json::array();
  for (const Point& point : face.face.landmarks) json["landmarks"].push_back({point.x, point.y});
  return json;
}

}  // namespace facerec
