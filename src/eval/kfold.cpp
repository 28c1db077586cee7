#include "facerec/eval/kfold.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/acceptance.h"
#include "eval/statistics.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"

namespace facerec {
namespace {

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

FoldAcceptances count_accepted(const FoldedPairs& pairs, const Thresholds& thresholds) {
  FoldAcceptances counted{std::vector<Acceptance>(pairs.folds, Acceptance(thresholds.count)),
                          Acceptance(thresholds.count)};
  for (size_t i = 0; i < pairs.distance.size(); ++i) {
    counted.fold[pairs.fold[i]].add(pairs.same[i] != 0, thresholds.first_accepting(pairs.distance[i]));
  }
  for (Acceptance& fold : counted.fold) {
    fold.finish();
    counted.all += fold;
  }
  return counted;
}

void finish(KFoldAccuracy& result, size_t pairs) {
  result.mean = mean_of(result.accuracy);
  result.std = std_of(result.accuracy);
  result.ci95 = wilson_interval(result.mean, pairs);
  result.mean_threshold = mean_of(result.threshold);
}

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
};

// Of the finite distances of each fold.
std::vector<Range> ranges_of(const FoldedPairs& pairs) {
  std::vector<Range> ranges(pairs.folds);
  for (size_t i = 0; i < pairs.distance.size(); ++i) {
    if (std::isinf(pairs.distance[i])) continue;
    Range& range = ranges[pairs.fold[i]];
    range.low = std::min(range.low, pairs.distance[i]);
    range.high = std::max(range.high, pairs.distance[i]);
  }
  return ranges;
}

// For all folds but one.
Thresholds thresholds_without(size_t fold, const std::vector<Range>& ranges) {
  Range all;
  for (size_t f = 0; f < ranges.size(); ++f) {
    if (f == fold) continue;
    all.low = std::min(all.low, ranges[f].low);
    all.high = std::max(all.high, ranges[f].high);
  }
  return distance_thresholds(all.low, all.high);
}

// Where the training FAR is `target`; the FAR is 0 at the first threshold, so a level below always exists.
double threshold_for_far(const Acceptance& training, const Thresholds& thresholds, double target) {
  const size_t count = thresholds.count;
  if (training.far(count - 1) < target) return 0;
  size_t above = 0;
  while (above < count && training.far(above) <= target) ++above;
  if (above == count) return thresholds.at(count - 1);
  const double low = training.far(above - 1), high = training.far(above);
  return (thresholds.at(above - 1) * (high - target) + thresholds.at(above) * (target - low)) / (high - low);
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
  const FoldAcceptances counted = count_accepted(checked(squared_l2, same, fold), accuracy_thresholds);
  KFoldAccuracy result;
  for (const Acceptance& test : counted.fold) {
    const FoldAccuracy tested = test_fold(counted.all, test);
    result.threshold.push_back(accuracy_thresholds.at(tested.threshold));
    result.accuracy.push_back(tested.accuracy);
  }
  finish(result, fold.size());
  return result;
}

KFoldAccuracy kfold_accuracy_of_distances(std::span<const double> distance, std::span<const uint8_t> same,
                                          std::span<const uint16_t> fold) {
  const FoldedPairs pairs = checked(distance, same, fold);
  KFoldAccuracy result;
  result.threshold.resize(pairs.folds);
  result.accuracy.resize(pairs.folds);
  const std::vector<Range> ranges = ranges_of(pairs);
  parallel_for(static_cast<int64_t>(pairs.folds), 0, [&](int64_t number) {
    const auto f = static_cast<size_t>(number);
    const Thresholds thresholds = thresholds_without(f, ranges);
    Acceptance all(thresholds.count), test(thresholds.count);
    for (size_t i = 0; i < distance.size(); ++i) {
      const size_t first = thresholds.first_accepting(distance[i]);
      all.add(same[i] != 0, first);
      if (fold[i] == f) test.add(same[i] != 0, first);
    }
    all.finish();
    test.finish();
    const FoldAccuracy tested = test_fold(all, test);
    result.threshold[f] = thresholds.at(tested.threshold);
    result.accuracy[f] = tested.accuracy;
  });
  finish(result, fold.size());
  return result;
}

std::optional<ValAtFar> val_at_far(std::span<const double> squared_l2, std::span<const uint8_t> same,
                                   std::span<const uint16_t> fold, double target) {
  constexpr Thresholds thresholds{.start = 0, .step = 0.001, .count = 4000};
  const FoldedPairs pairs = checked(squared_l2, same, fold);
  const FoldAcceptances counted = count_accepted(pairs, thresholds);
  std::vector<double> threshold;
  for (const Acceptance& test : counted.fold) {
    Acceptance training = counted.all;
    training -= test;
    const int64_t kinds[] = {test.total_same, test.total_different, training.total_same, training.total_different};
    if (std::ranges::count(kinds, 0) > 0) return std::nullopt;
    threshold.push_back(threshold_for_far(training, thresholds, target));
  }
  std::vector<double> val(pairs.folds), far(pairs.folds);
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
