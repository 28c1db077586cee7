// From the options that verbs on pictures share to a model and its embedder.
#pragma once

#include <memory>

#include "facerec/recognize/face_embedder.h"
#include "tools/run/evaluation.h"
#include "tools/verbs.h"

namespace facerec {

struct FaceModel {
  OpenModel model;
  EmbeddingRule rule;
  std::unique_ptr<FaceEmbedder> embedder;
};

// The first of the faces chosen is the one that --faces asks for.
FaceModel open_face_model(const FaceOptions& options);

}  // namespace facerec
