#include "facerec/eval/distribution.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr size_t bins = 200;

// Mean and deviation in one pass. Differences from the first score are summed, so that equal scores have deviation 0.
class Moments {
 public:
  void add(double score, uint64_t count) {
    if (count_ == 0) first_ = score;
    const double weight = static_cast<double>(count), difference = score - first_;
    count_ += weight;
    sum_ += weight * difference;
    squares_ += weight * difference * difference;
  }
  std::optional<ScoreMoments> finish() const {
    if (count_ == 0) return std::nullopt;
    const double mean = sum_ / count_;
    return ScoreMoments{first_ + mean, std::sqrt(std::max(0.0, squares_ / count_ - mean * mean))};
  }

 private:
  double first_ = 0, count_ = 0, sum_ = 0, squares_ = 0;
};

class DistributionWriter {
 public:
  DistributionWriter(double low, double high)
      : result_{
            .low = low, .high = high, .same = std::vector<uint64_t>(bins), .different = std::vector<uint64_t>(bins)} {}

  void add(double score, bool same, uint64_t count = 1) {
    if (std::isinf(score) || count == 0) return;
    const double share = (score - result_.low) / (result_.high - result_.low);
    const auto bin = static_cast<size_t>(std::clamp(share * bins, 0.0, bins - 1.0));
    (same ? result_.same : result_.different)[bin] += count;
    moments_[same].add(score, count);
  }

  ScoreDistribution finish() {
    result_.different_moments = moments_[0].finish();
    result_.same_moments = moments_[1].finish();
    if (!result_.same_moments || !result_.different_moments) return result_;
    const ScoreMoments& same = *result_.same_moments;
    const ScoreMoments& different = *result_.different_moments;
    const double spread = std::sqrt((same.std * same.std + different.std * different.std) / 2);
    if (spread > 0) result_.decidability = std::abs(same.mean - different.mean) / spread;
    return result_;
  }

 private:
  ScoreDistribution result_;
  Moments moments_[2];  // [different, same]
};

}  // namespace

ScoreDistribution score_distribution(std::span<const double> scores, std::span<const uint8_t> same, double low,
                                     double high) {
  if (scores.size() != same.size()) {
    throw Error(std::to_string(scores.size()) + " scores and " + std::to_string(same.size()) +
                " labels do not belong together");
  }
  DistributionWriter distribution(low, high);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) throw Error("the score of pair " + std::to_string(i) + " is NaN");
    distribution.add(scores[i], same[i] != 0);
  }
  return distribution.finish();
}

ScoreDistribution score_distribution(const Roc& roc, double low, double high) {
  DistributionWriter distribution(low, high);
  for (size_t i = 1; i < roc.size(); ++i) {
    distribution.add(roc.threshold[i], true, roc.matched_same[i] - roc.matched_same[i - 1]);
    distribution.add(roc.threshold[i], false, roc.matched_different[i] - roc.matched_different[i - 1]);
  }
  return distribution.finish();
}

std::vector<ErrorCurvePoint> error_curve(const Roc& roc) {
  std::vector<ErrorCurvePoint> curve;
  size_t i = roc.size() - 1;
  for (int step = 0; step <= 1000; ++step) {
    const double threshold = step / 1000.0;
    while (i > 0 && roc.threshold[i] < 2 * threshold - 1) --i;
    if (curve.empty() || curve.back().fnmr != roc.fnmr(i) || curve.back().fmr != roc.fmr(i)) {
      curve.push_back({threshold, roc.fnmr(i), roc.fmr(i)});
    }
  }
  return curve;
}

}  // namespace facerec
