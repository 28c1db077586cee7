// A model with what finds the faces for it: for the verbs that embed pictures.
#pragma once

#include <memory>
#include <string>

#include "tools/run/evaluation.h"
#include "tools/run/faces.h"

namespace facerec {

struct FaceModel {
  OpenModel model;
  EmbeddingRule rule;
  std::unique_ptr<FaceEmbedder> embedder;  // of one face a picture
};

FaceModel open_face_model(const std::string& model, const std::string& flip, const FaceOptions& faces,
                          const EngineOptions& engine);

}  // namespace facerec
