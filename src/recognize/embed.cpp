#include "facerec/recognize/embed.h"

#include <algorithm>

#include "recognize/embedding_stream.h"

namespace facerec {

ImageEmbeddings embed_images(Engine& engine, const std::shared_ptr<const Dataset>& images, const EmbedOptions& options,
                             const std::function<void(int64_t)>& progress) {
  ImageEmbeddings result;
  result.dimension = static_cast<size_t>(engine.spec().embedding_size);
  result.original.resize(static_cast<size_t>(images->size()) * result.dimension);
  if (options.flip) result.flipped.resize(result.original.size());
  EmbeddingStream stream(engine, images, options, 0, images->size());
  while (stream.has_next()) {
    const EmbeddedBatch& batch = stream.next();
    const auto begin = static_cast<std::ptrdiff_t>(static_cast<size_t>(batch.first) * result.dimension);
    std::ranges::copy(batch.original, result.original.begin() + begin);
    if (options.flip) std::ranges::copy(batch.flipped, result.flipped.begin() + begin);
    for (const BrokenImage& broken : batch.broken) result.broken.push_back(broken.index);
    if (progress) progress(batch.first + batch.size);
  }
  return result;
}

}  // namespace facerec
