// The figures of any set of comparisons, whoever lists the pairs: a verification benchmark, templates, all pairs of a
// set.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/eval/distribution.h"
#include "facerec/eval/roc.h"

namespace facerec {

// The FMR at which TAR and FNMR are given.
inline constexpr double fmr_targets[] = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};

struct ComparisonFigures {
  uint64_t pairs = 0, same = 0, different = 0;
  std::optional<Roc> roc = {};               // on the cosine over all pairs; nullopt when one kind of pair is missing
  std::optional<double> auc = {}, eer = {};  // undefined with `roc`
  std::optional<double> error_area = {};     // 1 − auc; see error_area()
  std::vector<OperatingPoint> fmr = {};      // for fmr_targets; empty when undefined
  ScoreDistribution distribution = {};       // of the cosine, of the pairs that could be compared
  std::vector<std::string> notes = {};  // what a reader must know: why a figure is undefined, zero embeddings, failures
};

// Fills in what follows from the ROC, and the notes; the numbers of pairs must be there, and `distribution` is made
// from the ROC's counts when it holds none yet.
void fill_figures(ComparisonFigures& figures, std::optional<Roc> roc);

// Every image of a set with every other, as insightface's MFR compares them: TAR at FAR 1e-6 over millions of impostor
// pairs. rows: [images, dimension] of unit length, zero where the image failed (its comparisons never match).
// Cosines are computed in float and counted by RocAccumulator: memory is the rows and 20 MB a thread, whatever the
// number of comparisons. `done` of `total` rows are reported. Throws Error when no two images share an identity, for a
// row that is not finite, and when the sizes do not fit each other.
ComparisonFigures evaluate_all_pairs(std::span<const float> rows, size_t dimension, std::span<const uint32_t> identity,
                                     int threads = 0, const std::function<void(int64_t, int64_t)>& progress = {});

}  // namespace facerec
