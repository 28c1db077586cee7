// Verification of templates, as IJB-B and IJB-C do it: a template is the pictures and video frames of a person, pooled
// as insightface's recognition/arcface_torch/eval_ijbc.py pools them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/eval/comparison.h"
#include "facerec/infer/embeddings.h"

namespace facerec {

struct PoolOptions {
  bool flip = true;                  // the sum of the two raw embeddings; else the image's alone
  bool keep_norm = true;             // else each embedding is divided by its norm first (the peer's use_norm_score off)
  bool detector_score = true;        // weigh each image by it
  std::vector<uint8_t> failed = {};  // images that could not be processed: left out of their template
};

struct TemplateFeatures {
  size_t dimension = 0;
  std::vector<float> rows = {};  // [templates, dimension], of unit length; zero where no image could be processed
  size_t empty_templates = 0;    // such rows
};

// Images of one medium are averaged, media summed, the sum divided by its norm. template_of and medium_of: one entry an
// image; templates are numbers 0 … templates − 1, media any numbers (those of one template are its own). Throws Error
// that names the image for what is not finite or beyond `templates`, and when the sizes do not fit each other.
TemplateFeatures pool_templates(const Embeddings& embeddings, std::span<const float> detector_scores,
                                std::span<const uint32_t> template_of, std::span<const int64_t> medium_of,
                                size_t templates, const PoolOptions& options);

// The peer's rule: TAR at the point of the ROC whose FPR is nearest to the target, the largest TAR among equals. Its
// FPR may exceed the target; fnmr_at_fmr() is the strict rule.
struct NearestTar {
  double target = 0, fpr = 0, tar = 0;
};

struct TemplateResult : ComparisonFigures {  // of the cosines of listed pairs of templates
  size_t templates = 0, images = 0;
  size_t empty_templates = 0;            // their comparisons never match
  std::vector<NearestTar> nearest = {};  // for fmr_targets; empty when undefined
};

// `pairs`: indices of templates. Up to a million scores are ranked exactly; more are counted by RocAccumulator, so that
// the 16 million pairs of IJB-C need little more memory than their list. `images` is left to the caller. Throws Error
// that names a pair beyond the templates.
TemplateResult evaluate_templates(const TemplateFeatures& features, std::span<const Pair> pairs, int threads = 0);

}  // namespace facerec
