#include "facerec/recognize/gallery_model.h"

#include "facerec/core/error.h"

namespace facerec {

GalleryModel gallery_model(const Engine& engine, const fs::path& file, EmbeddingRule rule) {
  const ModelSpec& spec = engine.spec();
  return {.identity = engine.identity(),
          .architecture = spec.architecture,
          .path = text_of(fs::absolute(file).lexically_normal()),
          .dimension = static_cast<int64_t>(combined_dimension(static_cast<size_t>(spec.embedding_size), rule)),
          .rule = rule};
}

fs::path model_file_of(const Gallery& gallery, const std::string& model) {
  if (!model.empty()) return find_model(model);
  fs::path remembered = gallery.model().path;
  std::error_code code;
  if (!fs::is_regular_file(remembered, code)) {
    throw Error::usage("the model of this gallery is not there any more: " + text_of(remembered))
        .file(text_of(gallery.file()))
        .hint("--model says where it is now");
  }
  return remembered;
}

std::unique_ptr<Engine> open_engine_of(const Gallery& gallery, const fs::path& model_file,
                                       const EngineOptions& options) {
  std::unique_ptr<Engine> engine = open_engine(model_file, options);
  gallery.check_model(engine->identity(), gallery.model().rule);
  return engine;
}

}  // namespace facerec
