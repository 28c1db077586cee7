// How the scores of genuine and impostor pairs are distributed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "facerec/eval/roc.h"

namespace facerec {

struct ScoreMoments {
  double mean = 0, std = 0;  // ddof 0
};

struct ScoreDistribution {
  double low = -1, high = 1;  // range of the scores that `same` and `different` divide evenly
  // 200 bins; scores beyond the range fall into the first and the last.
  std::vector<uint64_t> same = {}, different = {};
  std::optional<ScoreMoments> same_moments = {}, different_moments = {};  // nullopt: there are no such pairs
  // Decidability index d′ = |μ_same − μ_different| / sqrt((σ_same² + σ_different²)/2) (Daugman 2000); nullopt without
  // one of the kinds, or when both deviations are 0.
  std::optional<double> decidability = {};
};

// Infinite scores, of pairs that could not be compared, are left out. Throws Error for NaN and when the sizes differ.
ScoreDistribution score_distribution(std::span<const double> scores, std::span<const uint8_t> same, double low = -1,
                                     double high = 1);
// From counts alone: each score counts at its threshold.
ScoreDistribution score_distribution(const Roc& roc, double low = -1, double high = 1);

// BITSdrive's curve: FNMR (its axis "FNIR") on x, FMR (its axis "FPIR") on y, both comparison-level, at the thresholds
// 0, 0.001 … 1 of the score (1 + cosine)/2. At most 1001 points; points equal to the one before are left out.
struct ErrorCurvePoint {
  double threshold = 0;  // of (1 + cosine)/2
  double fnmr = 0, fmr = 0;
};
std::vector<ErrorCurvePoint> error_curve(const Roc& roc);

}  // namespace facerec
