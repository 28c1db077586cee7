// What the options of eval name: the data sets, and what is done to their images.
#pragma once

#include <vector>

#include "tools/run/evaluation.h"
#include "tools/verbs.h"

namespace facerec {

// In the order of --data. Throws what open_evaluation_sets() and the like do, and a usage Error for lists that belong
// to none of the sets.
std::vector<EvaluationSet> open_sets(const EvalVerb& verb);

// Photographs become crops of the size that a model takes: by --align, or by the landmarks that the set gives.
void align_sets(std::vector<EvaluationSet>& sets, const EvalVerb& verb, const Preprocess& preprocess);

// Images that are degraded become those of the size that a model takes; aligned ones that are used more than once are
// kept in memory.
void prepare_images(std::vector<EvaluationSet>& sets, const std::vector<Variant>& variants, size_t models,
                    const Preprocess& preprocess);

// The images as they are, then --low-res (enlarged by bicubic, then by each network) and --corrupt. Throws a usage
// Error for an unknown corruption and for options that need others.
std::vector<Variant> variants_of(const EvalVerb& verb, const Preprocess& preprocess);

}  // namespace facerec
