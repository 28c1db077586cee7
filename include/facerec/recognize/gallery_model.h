// The model of a gallery: what enroll and identify compute with.
#pragma once

#include <memory>
#include <string>

#include "facerec/gallery/gallery.h"
#include "facerec/infer/engine.h"

namespace facerec {

// What a new gallery remembers of the model in `file`.
GalleryModel gallery_model(const Engine& engine, const fs::path& file, EmbeddingRule rule);

// The file of the gallery's model: what `model` names (see find_model()) or, for "", where the gallery saw it last.
// Throws a usage Error when it is not there any more.
fs::path model_file_of(const Gallery& gallery, const std::string& model);

// Throws a usage Error when it is not the model that made the gallery.
std::unique_ptr<Engine> open_engine_of(const Gallery& gallery, const fs::path& model_file,
                                       const EngineOptions& options);

}  // namespace facerec
