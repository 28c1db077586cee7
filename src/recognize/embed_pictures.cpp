#include "facerec/recognize/embed_pictures.h"

#include "recognize/picture_reader.h"

namespace facerec {

void embed_pictures(FaceEmbedder& embedder, const Dataset& pictures, int threads, const TakePicture& take) {
  PictureReader reader(pictures, threads);
  for (std::vector<Picture> group = reader.next(); !group.empty(); group = reader.next()) {
    std::vector<Image> readable;
    for (Picture& picture : group) {
      if (picture.error.empty()) readable.push_back(std::move(picture.image));
    }
    const std::vector<EmbeddedPicture> embedded = embedder.embed(readable);
    auto next = embedded.begin();
    for (const Picture& picture : group) {
      take(picture.index, picture.error.empty() ? *next++ : EmbeddedPicture(), picture.error);
    }
  }
}

}  // namespace facerec
