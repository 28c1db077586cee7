// Embeddings of all images of a data set, in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/infer/embeddings.h"
#include "facerec/infer/engine.h"

namespace facerec {

struct EmbedOptions {
  int64_t batch_size = 64;
  int threads = 0;     // that decode; 0: the cores available
  bool strict = true;  // throw at an image that cannot be read; else list it in `broken`
  bool flip = true;    // also embed the mirrored images
};

// [images, dimension] row-major, raw; `flipped` is empty without options.flip.
struct ImageEmbeddings {
  size_t dimension = 0;
  std::vector<float> original, flipped;
  std::vector<int64_t> broken;  // rows that mean nothing, ascending
  Embeddings view() const { return {dimension, original, flipped}; }
};

// Throws Error naming the image when one cannot be read. `progress` is called with the number of images done.
ImageEmbeddings embed_images(Engine& engine, const std::shared_ptr<const Dataset>& images, const EmbedOptions& options,
                             const std::function<void(int64_t)>& progress = {});

}  // namespace facerec
