#include "facerec/recognize/embed_pictures.h"

#include "recognize/picture_reader.h"

namespace facerec {

void embed_pictures(FaceEmbedder& embedder, const Dataset& pictures, int threads, const TakePicture& take) {
  PictureReader reader(pictures, threads);
  for (PictureGroup group = reader.next(); !group.entries.empty(); group = reader.next()) {
    const std::vector<EmbeddedPicture> embedded = embedder.embed(group.images);
    auto next = embedded.begin();
    for (const auto& [index, error] : group.entries) take(index, error.empty() ? *next++ : EmbeddedPicture(), error);
  }
}

}  // namespace facerec
