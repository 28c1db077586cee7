// The LFW protocol: k-fold accuracy, and VAL at a wanted FAR, as deepinsight/insightface computes them in
// recognition/arcface_torch/eval/verification.py. Every figure here equals the peer's to the last pair.
//
// A pair is accepted as "same" when its squared L2 distance is below the threshold (strictly). Each fold in turn is the
// test set; its threshold comes from the other folds. Means and deviations are over folds (ddof 0).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "facerec/eval/scores.h"

namespace facerec {

// Fold numbers 0 … folds − 1, one a pair, in runs; the first (pairs mod folds) folds have one pair more (scikit-learn's
// KFold without shuffling). Throws Error when there are more folds than pairs, or fewer than two.
std::vector<uint16_t> contiguous_folds(size_t pairs, int folds = 10);

// Folds for a list that is not in folds, such as 300 same pairs and then 300 different: contiguous_folds() of the order
// first same, first different, second same, …, so that no fold holds one kind only. Lists with unequal numbers are
// merged in proportion. Throws as contiguous_folds() does.
std::vector<uint16_t> interleaved_folds(std::span<const Pair> pairs, int folds = 10);

struct Interval {
  double low = 0, high = 0;
};

// 95 % Wilson score interval of a proportion over `count` independent trials (Wilson 1927). Unlike an interval from the
// spread of ten folds it does not shrink to a point when every fold is perfect.
Interval wilson_interval(double proportion, size_t count);

struct KFoldAccuracy {
  std::vector<double> accuracy = {};   // per fold, fraction
  std::vector<double> threshold = {};  // per fold, squared L2: the first of 0, 0.01 … 3.99 best on the other folds
  double mean = 0, std = 0;
  Interval ci95 = {};         // wilson_interval(mean, pairs): each pair is tested once
  double mean_threshold = 0;  // squared L2
  // The same threshold for unit vectors: cosine = 1 − d/2.
  double mean_threshold_cosine() const { return 1 - mean_threshold / 2; }
};

// `squared_l2`, `same`, `fold`: one entry a pair. Fold numbers are 0 … k − 1, k ≥ 2, and each occurs. Throws Error
// otherwise, and for a distance that is NaN (naming the pair).
KFoldAccuracy kfold_accuracy(std::span<const double> squared_l2, std::span<const uint8_t> same,
                             std::span<const uint16_t> fold);

// The same for distances of any scale: the thresholds of a fold are 1000 even steps from the smallest to the largest
// finite distance of the other folds (FaceX-Zoo's number), the first best being taken. Thresholds are distances.
KFoldAccuracy kfold_accuracy_of_distances(std::span<const double> distance, std::span<const uint8_t> same,
                                          std::span<const uint16_t> fold);

// VAL: the share of same pairs that are accepted, at the threshold where the other folds' FAR reaches `target`.
struct ValAtFar {
  double target = 0;
  double mean = 0, std = 0;
  double far = 0;  // the FAR that the test folds then had, mean
};

// Thresholds 0, 0.001 … 3.999; between the last whose training FAR is at most `target` and the first above it the
// threshold is interpolated linearly in FAR; 0 when `target` is never reached. nullopt when a fold, or the rest of a
// fold, holds one kind of pair only (the peer raises ZeroDivisionError). Throws as kfold_accuracy() does.
std::optional<ValAtFar> val_at_far(std::span<const double> squared_l2, std::span<const uint8_t> same,
                                   std::span<const uint16_t> fold, double target = 1e-3);

}  // namespace facerec
