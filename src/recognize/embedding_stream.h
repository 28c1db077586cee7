// The images of a data set through an engine, a batch after the other, decoded ahead of use.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "facerec/data/loader.h"
#include "facerec/recognize/embed.h"

namespace facerec {

// Raw embeddings of images first … first + size − 1; the rows of those that are broken mean nothing.
struct EmbeddedBatch {
  int64_t first = 0, size = 0;
  std::vector<float> original, flipped;  // [size, dimension]; `flipped` is empty without options.flip
  std::vector<BrokenImage> broken;       // ascending
};

class EmbeddingStream {
 public:
  // Images first … end − 1; `first` is a multiple of options.batch_size.
  EmbeddingStream(Engine& engine, const std::shared_ptr<const Dataset>& images, const EmbedOptions& options,
                  int64_t first, int64_t end);

  bool has_next() const { return next_ < end_; }

  // Valid until the next call. With options.strict it throws Error naming the batch's first broken image.
  const EmbeddedBatch& next();

 private:
  void embed(Batch& batch);

  Engine& engine_;
  std::shared_ptr<const Dataset> images_;
  EmbedOptions options_;
  std::unique_ptr<Loader> loader_;  // null when there is no image
  int64_t next_, end_;
  EmbeddedBatch batch_;
};

}  // namespace facerec
