#include "tools/run/faces.h"

namespace facerec {

FaceModel open_face_model(const FaceOptions& options) {
  FaceModel face{.model = open_model(options.model, options.engine),
                 .rule = parse_embedding_rule(options.flip),
                 .embedder = nullptr};
  face.embedder = std::make_unique<FaceEmbedder>(
      *face.model.engine,
      FaceEmbedderOptions{.rule = face.rule,
                          .align = options.align,
                          .detector = {.device = options.engine.device, .threads = options.engine.threads},
                          .selection = {.faces = parse_face_choice(options.faces)}});
  return face;
}

}  // namespace facerec
