// Error rates of groups of people at one common threshold: what a single figure hides.
//
// A pair belongs to the group that both of its images are of; pairs across groups stand apart. FMR and FNMR per group
// with 95 % Wilson intervals, and the spread between groups as in NIST IR 8429: the largest rate by the geometric mean
// of all, and the largest by the smallest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/eval/kfold.h"
#include "facerec/eval/roc.h"
#include "facerec/eval/scores.h"

namespace facerec {

struct GroupRates {
  std::string group = {};
  uint64_t same = 0, different = 0;  // pairs
  ErrorRates rates = {};
  std::optional<Interval> fmr_ci95 = {}, fnmr_ci95 = {};
};

struct RateSpread {
  std::optional<double> largest_by_smallest = {};        // +infinity when the smallest is 0 and the largest is not
  std::optional<double> largest_by_geometric_mean = {};  // nullopt when a rate is 0
};

struct GroupReport {
  double threshold = 0;                 // cosine
  std::string threshold_source = {};    // for people: "FMR 1e-3 of all pairs", "given"
  std::vector<GroupRates> groups = {};  // by name
  uint64_t across = 0;                  // pairs of two groups
  uint64_t ungrouped = 0;               // pairs with an image of no group
  RateSpread fmr = {}, fnmr = {};       // over groups that have such pairs
  std::vector<std::string> notes = {};  // groups without same or without different pairs
};

// group_of: the group of each image that pairs name, "" for none. `threshold`: nullopt: the cosine at FMR 1e-3 over all
// pairs, or at the smaller of 1e-2 and 1e-1 that they support, 1e-1 at the worst. Throws Error when sizes do not fit
// each other, when no pair is of one group, and when the threshold is to be found with one kind of pair missing.
GroupReport evaluate_groups(const PairScores& scores, std::span<const Pair> pairs,
                            std::span<const std::string> group_of, std::optional<double> threshold);

}  // namespace facerec
