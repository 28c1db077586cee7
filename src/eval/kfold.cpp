#include "facerec/eval/kfold.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/statistics.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using Counts = std::vector<int64_t>;

// The pairs that a threshold accepts, for all thresholds numpy.arange(0, 4, step), from one pass over the distances.
struct Acceptance {
  Counts same, different;  // [thresholds], ascending
  int64_t total_same = 0, total_different = 0;

  explicit Acceptance(size_t thresholds) : same(thresholds), different(thresholds) {}

  Acceptance operator-(const Acceptance& part) const {
    Acceptance rest = *this;
    for (size_t i = 0; i < same.size(); ++i) {
      rest.same[i] -= part.same[i];
      rest.different[i] -= part.different[i];
    }
    rest.total_same -= part.total_same;
    rest.total_different -= part.total_different;
    return rest;
  }

  double far(size_t i) const { return static_cast<double>(different[i]) / static_cast<double>(total_different); }
};

// arange's values, bit for bit.
double threshold_at(size_t i, double step) { return static_cast<double>(i) * step; }

// The first of `count` thresholds with distance < threshold, or `count`. The guess by division may be off by one, since
// the thresholds are rounded.
size_t first_accepting(double distance, double step, size_t count) {
  if (distance >= threshold_at(count - 1, step)) return count;
  auto i = static_cast<size_t>(std::max(distance, 0.0) / step);
  while (i > 0 && distance < threshold_at(i - 1, step)) --i;
  while (distance >= threshold_at(i, step)) ++i;
  return i;
}

struct FoldedPairs {
  std::span<const double> distance;
  std::span<const uint8_t> same;
  std::span<const uint16_t> fold;
  size_t folds = 0;
};

FoldedPairs checked(std::span<const double> distance, std::span<const uint8_t> same, std::span<const uint16_t> fold) {
  if (distance.size() != same.size() || distance.size() != fold.size()) {
    throw Error(std::to_string(distance.size()) + " distances, " + std::to_string(same.size()) + " labels and " +
                std::to_string(fold.size()) + " fold numbers do not belong together");
  }
  if (fold.empty()) throw Error("there are no pairs to evaluate");
  const size_t folds = size_t{*std::max_element(fold.begin(), fold.end())} + 1;
  if (folds < 2) throw Error("cross-validation needs at least two folds").hint("cut the list with interleaved_folds()");
  std::vector<bool> seen(folds);
  for (size_t i = 0; i < fold.size(); ++i) {
    seen[fold[i]] = true;
    if (std::isnan(distance[i])) throw Error("the distance of pair " + std::to_string(i) + " is NaN");
  }
  for (size_t f = 0; f < folds; ++f) {
    if (!seen[f]) throw Error("fold " + std::to_string(f) + " of " + std::to_string(folds) + " has no pairs");
  }
  return {distance, same, fold, folds};
}

struct FoldAcceptances {
  std::vector<Acceptance> fold;
  Acceptance all;
};

FoldAcceptances count_accepted(const FoldedPairs& pairs, double step, size_t thresholds) {
  FoldAcceptances counted{std::vector<Acceptance>(pairs.folds, Acceptance(thresholds)), Acceptance(thresholds)};
  for (size_t i = 0; i < pairs.distance.size(); ++i) {
    Acceptance& fold = counted.fold[pairs.fold[i]];
    ++(pairs.same[i] ? fold.total_same : fold.total_different);
    const size_t first = first_accepting(pairs.distance[i], step, thresholds);
    if (first < thresholds) ++(pairs.same[i] ? fold.same : fold.different)[first];
  }
  for (Acceptance& fold : counted.fold) {
    for (size_t i = 0; i < thresholds; ++i) {
      if (i > 0) fold.same[i] += fold.same[i - 1];
      if (i > 0) fold.different[i] += fold.different[i - 1];
      counted.all.same[i] += fold.same[i];
      counted.all.different[i] += fold.different[i];
    }
    counted.all.total_same += fold.total_same;
    counted.all.total_different += fold.total_different;
  }
  return counted;
}

int64_t correct(const Acceptance& counts, size_t i) {
  return counts.same[i] + counts.total_different - counts.different[i];
}

size_t first_best(const Acceptance& training) {
  size_t best = 0;
  for (size_t i = 1; i < training.same.size(); ++i) {
    if (correct(training, i) > correct(training, best)) best = i;
  }
  return best;
}

// Where the training FAR is `target`; the FAR is 0 at the first threshold, so a level below always exists.
double threshold_for_far(const Acceptance& training, double step, double target) {
  const size_t count = training.different.size();
  if (training.far(count - 1) < target) return 0;
  size_t above = 0;
  while (above < count && training.far(above) <= target) ++above;
  if (above == count) return threshold_at(count - 1, step);
  const double low = training.far(above - 1), high = training.far(above);
  return (threshold_at(above - 1, step) * (high - target) + threshold_at(above, step) * (target - low)) / (high - low);
}

}  // namespace

std::vector<uint16_t> contiguous_folds(size_t pairs, int folds) {
  if (folds < 2 || folds > std::numeric_limits<uint16_t>::max()) {
    throw Error::usage("the number of folds must be 2 to 65535, not " + std::to_string(folds));
  }
  const auto count = static_cast<size_t>(folds);
  if (pairs < count) {
    throw Error("more folds (" + std::to_string(folds) + ") than pairs (" + std::to_string(pairs) + ")");
  }
  std::vector<uint16_t> fold;
  fold.reserve(pairs);
  for (size_t f = 0; f < count; ++f) fold.insert(fold.end(), pairs / count + (f < pairs % count), uint16_t(f));
  return fold;
}

std::vector<uint16_t> interleaved_folds(std::span<const Pair> pairs, int folds) {
  const std::vector<uint16_t> by_position = contiguous_folds(pairs.size(), folds);
  std::vector<size_t> same, different;
  for (size_t i = 0; i < pairs.size(); ++i) (pairs[i].same ? same : different).push_back(i);

  std::vector<uint16_t> fold(pairs.size());
  size_t s = 0, d = 0;
  for (uint16_t number : by_position) {
    // s / same ≤ d / different: the same pairs are not ahead of their share.
    const bool take_same = d == different.size() || (s < same.size() && s * different.size() <= d * same.size());
    fold[take_same ? same[s++] : different[d++]] = number;
  }
  return fold;
}

Interval wilson_interval(double proportion, size_t count) {
  constexpr double z = 1.959963984540054;  // the 97.5 % point of the normal distribution
  const auto n = static_cast<double>(count);
  const double scale = 1 + z * z / n;
  const double centre = (proportion + z * z / (2 * n)) / scale;
  const double half = z * std::sqrt(proportion * (1 - proportion) / n + z * z / (4 * n * n)) / scale;
  return {std::max(0.0, std::min(centre - half, proportion)), std::min(1.0, std::max(centre + half, proportion))};
}

KFoldAccuracy kfold_accuracy(std::span<const double> squared_l2, std::span<const uint8_t> same,
                             std::span<const uint16_t> fold) {
  constexpr double step = 0.01;
  const FoldAcceptances counted = count_accepted(checked(squared_l2, same, fold), step, 400);
  KFoldAccuracy result;
  for (const Acceptance& test : counted.fold) {
    const size_t best = first_best(counted.all - test);
    result.threshold.push_back(threshold_at(best, step));
    result.accuracy.push_back(static_cast<double>(correct(test, best)) /
                              static_cast<double>(test.total_same + test.total_different));
  }
  result.mean = mean_of(result.accuracy);
  result.std = std_of(result.accuracy);
  result.ci95 = wilson_interval(result.mean, fold.size());
  result.mean_threshold = mean_of(result.threshold);
  return result;
}

std::optional<ValAtFar> val_at_far(std::span<const double> squared_l2, std::span<const uint8_t> same,
                                   std::span<const uint16_t> fold, double target) {
  constexpr double step = 0.001;
  const FoldedPairs pairs = checked(squared_l2, same, fold);
  const FoldAcceptances counted = count_accepted(pairs, step, 4000);
  std::vector<double> threshold, val(pairs.folds), far(pairs.folds);
  for (const Acceptance& test : counted.fold) {
    const Acceptance training = counted.all - test;
    const int64_t kinds[] = {test.total_same, test.total_different, training.total_same, training.total_different};
    if (std::ranges::count(kinds, 0) > 0) return std::nullopt;
    threshold.push_back(threshold_for_far(training, step, target));
  }
  for (size_t i = 0; i < pairs.distance.size(); ++i) {
    const size_t f = fold[i];
    if (squared_l2[i] < threshold[f]) ++(same[i] ? val : far)[f];
  }
  for (size_t f = 0; f < pairs.folds; ++f) {
    val[f] /= static_cast<double>(counted.fold[f].total_same);
    far[f] /= static_cast<double>(counted.fold[f].total_different);
  }
  return ValAtFar{target, mean_of(val), std_of(val), mean_of(far)};
}

}  // namespace facerec
