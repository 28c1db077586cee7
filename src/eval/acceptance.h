// How many pairs each threshold of a distance accepts: what k-fold accuracies are made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace facerec {

// start, start + step, …; with start 0 numpy.arange's values, bit for bit.
struct Thresholds {
  double start = 0, step = 0;
  size_t count = 0;

  double at(size_t i) const { return start + static_cast<double>(i) * step; }

  // The first with distance < threshold, or `count`. The guess by division may be off by one, since the thresholds are
  // rounded.
  size_t first_accepting(double distance) const {
    if (distance >= at(count - 1)) return count;
    if (distance < start) return 0;
    auto i = static_cast<size_t>((distance - start) / step);
    while (i > 0 && distance < at(i - 1)) --i;
    while (distance >= at(i)) ++i;
    return i;
  }
};

// arcface_torch's, on squared L2: 0, 0.01 … 3.99.
inline constexpr Thresholds accuracy_thresholds{.start = 0, .step = 0.01, .count = 400};

// kfold_accuracy_of_distances(): 1000 even steps from the smallest distance to the largest; low > high: there are none.
inline Thresholds distance_thresholds(double low, double high) {
  constexpr size_t count = 1000;
  if (low > high) low = high = 0;
  return {.start = low, .step = (high - low) / (count - 1), .count = count};
}

// Of one fold, or of all.
struct Acceptance {
  std::vector<int64_t> same, different;  // [thresholds], ascending; accepted pairs after finish(), before it new ones
  int64_t total_same = 0, total_different = 0;

  explicit Acceptance(size_t thresholds) : same(thresholds), different(thresholds) {}

  // `first`: of Thresholds::first_accepting().
  void add(bool is_same, size_t first, int64_t weight = 1) {
    (is_same ? total_same : total_different) += weight;
    if (first < same.size()) (is_same ? same : different)[first] += weight;
  }
  void finish() {
    for (size_t i = 1; i < same.size(); ++i) {
      same[i] += same[i - 1];
      different[i] += different[i - 1];
    }
  }
  void operator+=(const Acceptance& other) { combine(other, 1); }
  void operator-=(const Acceptance& other) { combine(other, -1); }

  int64_t total() const { return total_same + total_different; }
  int64_t correct(size_t i) const { return same[i] + total_different - different[i]; }
  double far(size_t i) const { return static_cast<double>(different[i]) / static_cast<double>(total_different); }

 private:
  void combine(const Acceptance& other, int64_t sign) {
    for (size_t i = 0; i < same.size(); ++i) {
      same[i] += sign * other.same[i];
      different[i] += sign * other.different[i];
    }
    total_same += sign * other.total_same;
    total_different += sign * other.total_different;
  }
};

// The accuracy of a fold at the first threshold that is best on the others.
struct FoldAccuracy {
  size_t threshold = 0;
  double accuracy = 0;  // NaN when the fold is empty
};

inline FoldAccuracy test_fold(const Acceptance& all, const Acceptance& test) {
  FoldAccuracy best;
  int64_t most = -1;
  for (size_t i = 0; i < all.same.size(); ++i) {
    const int64_t correct = all.correct(i) - test.correct(i);
    if (correct > most) most = correct, best.threshold = i;
  }
  best.accuracy = static_cast<double>(test.correct(best.threshold)) / static_cast<double>(test.total());
  return best;
}

}  // namespace facerec
