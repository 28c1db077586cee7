// Faces in pictures, for the verbs that compare them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "facerec/recognize/face_embedder.h"
#include "tools/verbs.h"

namespace facerec {

// Throws a usage Error for an unknown choice, and for options of a detector where none is asked for.
FaceEmbedderOptions embedder_options(const FaceOptions& faces, const EngineOptions& engine, EmbeddingRule rule);

// {"crop", "box": [x1, y1, x2, y2], "score", "landmarks": [[x, y] × 5], "norm"}; of a picture that was a crop already
// box, score and landmarks are null.
nlohmann::ordered_json json_of(const EmbeddedFace& face);

}  // namespace facerec
