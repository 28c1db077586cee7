// The model of a gallery: what enroll and identify compute with.
#pragma once

#include <memory>
#include <string>

#include "facerec/gallery/gallery.h"
#include "facerec/infer/engine.h"

namespace facerec {

// What a new gallery remembers of the model in `file`.
GalleryModel gallery_model(const Engine& engine, const fs::path& file, EmbeddingRule rule);

// The model that made the gallery: what `model` names (see find_model()) or, for "", what lies where the gallery saw it
// last. Throws a usage Error when it is another, or is not there any more.
std::unique_ptr<Engine> open_engine_of(const Gallery& gallery, const std::string& model, const EngineOptions& options);

}  // namespace facerec
