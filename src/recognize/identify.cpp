#include "facerec/recognize/identify.h"

#include <utility>

#include "recognize/picture_reader.h"

namespace facerec {

Identifier::Identifier(FaceEmbedder& embedder, GallerySearch search, double threshold, int64_t candidates)
    : embedder_(embedder), search_(std::move(search)), threshold_(threshold), candidates_(candidates) {}

std::vector<IdentifiedPicture> Identifier::identify(std::span<const Image> pictures) {
  std::vector<IdentifiedPicture> results;
  std::vector<float> queries;
  for (EmbeddedPicture& picture : embedder_.embed(pictures)) {
    IdentifiedPicture& result = results.emplace_back();
    for (EmbeddedFace& face : std::exchange(picture.faces, {})) {
      if (face.norm > 0) queries.insert(queries.end(), face.embedding.begin(), face.embedding.end());
      result.faces.push_back({std::move(face)});
    }
    result.picture = std::move(picture);
  }
  if (queries.empty()) return results;
  std::vector<std::vector<Candidate>> found =
      search_(queries, static_cast<int64_t>(queries.size()) / embedder_.dimension(), candidates_);
  auto matches = found.begin();
  for (IdentifiedPicture& result : results) {
    for (IdentifiedFace& face : result.faces) {
      if (!(face.embedded.norm > 0)) continue;  // a dead model: nobody is like it
      face.candidates = std::move(*matches++);
      face.known = !face.candidates.empty() && face.candidates.front().cosine >= threshold_;
    }
  }
  return results;
}

void Identifier::identify(const Dataset& images, int threads, const Take& take) {
  PictureReader reader(images, threads);
  for (PictureGroup group = reader.next(); !group.entries.empty(); group = reader.next()) {
    const std::vector<IdentifiedPicture> identified = identify(group.images);
    size_t next = 0;
    for (const auto& [index, error] : group.entries) {
      IdentifiedPicture unread;
      unread.error = error;
      Image nothing;
      const bool is_read = error.empty();
      if (!take(index, is_read ? identified[next] : unread, is_read ? group.images[next] : nothing)) return;
      next += is_read;
    }
  }
}

}  // namespace facerec
