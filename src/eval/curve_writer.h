// Appends the points of a ROC from the highest threshold down.
#pragma once

#include <limits>

#include "facerec/eval/roc.h"

namespace facerec {

class CurveWriter {
 public:
  explicit CurveWriter(size_t most_points) {
    roc_.threshold.reserve(most_points + 1);
    roc_.matched_same.reserve(most_points + 1);
    roc_.matched_different.reserve(most_points + 1);
    add(std::numeric_limits<double>::infinity(), 0, 0);
  }
  // The pairs that reach `threshold` and no threshold before it.
  void add(double threshold, uint64_t same, uint64_t different) {
    roc_.threshold.push_back(threshold);
    roc_.matched_same.push_back(roc_.same += same);
    roc_.matched_different.push_back(roc_.different += different);
  }
  std::optional<Roc> finish() {
    if (roc_.same == 0 || roc_.different == 0) return std::nullopt;
    return std::move(roc_);
  }

 private:
  Roc roc_;
};

}  // namespace facerec
