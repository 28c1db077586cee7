// What a training set and an evaluation set have in common, which makes a benchmark's figures too good.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/infer/engine.h"

namespace facerec {

struct NearDuplicate {
  int64_t image, twin;  // of the training set; the nearest of the evaluation set
  double cosine;
};

struct Overlap {
  std::vector<NearDuplicate> near;  // in the order of the training set
  int64_t not_compared = 0;         // images of both sets that could not be read
};

struct OverlapOptions {
  double cosine = 0.9;  // from which two images count as one; images of one person lie below 0.8 with most models
  int64_t batch_size = 64;
  int threads = 0;
};

// The training images whose embedding comes so near to that of an evaluation image. Images that cannot be read are
// counted, not compared. Memory: the embeddings of the evaluation set, and a batch.
Overlap near_duplicates(Engine& engine, const std::shared_ptr<const Dataset>& training,
                        const std::shared_ptr<const Dataset>& evaluation, const OverlapOptions& options,
                        const std::function<void(int64_t done)>& progress = {});

// Identities that both sets name (Dataset::has_name), as the training set writes them; case, spaces and underscores do
// not count.
std::vector<std::string> shared_identities(const Dataset& training, const Dataset& evaluation);

}  // namespace facerec
