// Embeddings that were computed before, so that a set is evaluated again in seconds.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "facerec/core/files.h"
#include "facerec/data/dataset.h"
#include "facerec/recognize/embed.h"

namespace facerec {

// SHA-256 over the bytes (or pixels) of every image, in their order; an image that cannot be read counts as its
// absence.
std::string content_identity(const Dataset& images, int threads);

struct CachedEmbeddings {
  ImageEmbeddings embeddings;
  std::vector<std::string> centred;  // names of images without a face, cut out of their centre; see AlignedSet
};

// A folder of .safetensors files, named by what their embeddings were made of and with. Damaged files are as none.
class EmbeddingCache {
 public:
  // The least recently used are removed when all take more than `limit` bytes.
  explicit EmbeddingCache(fs::path folder, uint64_t limit = uint64_t{8} << 30);

  // `made_of`: everything that the embeddings depend on: model, data, preprocessing, engine.
  std::optional<CachedEmbeddings> find(const nlohmann::ordered_json& made_of) const;

  // A folder that cannot be written to is not an error: the next evaluation computes anew. Whether it was kept.
  bool keep(const nlohmann::ordered_json& made_of, const CachedEmbeddings& found) const;

 private:
  fs::path folder_;
  uint64_t limit_;
};

}  // namespace facerec
