#include "tools/run/face_model.h"

namespace facerec {

FaceModel open_face_model(const std::string& model, const std::string& flip, const FaceOptions& faces,
                          const EngineOptions& engine) {
  const EmbeddingRule rule = parse_embedding_rule(flip);
  FaceModel face{.model = open_model(model, engine), .rule = rule, .embedder = nullptr};
  face.embedder = std::make_unique<FaceEmbedder>(*face.model.engine, embedder_options(faces, engine, rule));
  return face;
}

}  // namespace facerec
