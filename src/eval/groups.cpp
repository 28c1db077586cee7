#include "facerec/eval/groups.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "eval/format.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

void check(const PairScores& scores, std::span<const Pair> pairs, std::span<const std::string> group_of) {
  if (scores.cosine.size() != pairs.size()) {
    throw Error(std::to_string(scores.cosine.size()) + " scores and " + std::to_string(pairs.size()) +
                " pairs do not belong together");
  }
  for (const Pair& pair : pairs) {
    const uint32_t last = std::max(pair.a, pair.b);
    if (last >= group_of.size()) {
      throw Error("groups are given for " + std::to_string(group_of.size()) + " images, but a pair names image " +
                  std::to_string(last));
    }
  }
}

void choose_threshold(GroupReport& report, const PairScores& scores) {
  const std::optional<Roc> roc = roc_curve(scores.cosine, scores.same);
  if (!roc) {
    throw Error("a common threshold for the groups needs pairs of both kinds").hint("give the threshold");
  }
  double rate = 1e-1;
  for (const double smaller : {1e-2, 1e-3}) {
    if (supports_rate(roc->different, smaller)) rate = smaller;
  }
  report.threshold = fnmr_at_fmr(*roc, rate).threshold;
  report.threshold_source = "FMR " + rate_name(rate) + " of all pairs";
}

// Pairs of each group, as indices.
std::map<std::string, std::vector<size_t>> pairs_by_group(GroupReport& report, std::span<const Pair> pairs,
                                                          std::span<const std::string> group_of) {
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const std::string &a = group_of[pairs[i].a], &b = group_of[pairs[i].b];
    if (a.empty() || b.empty()) {
      ++report.ungrouped;
    } else if (a != b) {
      ++report.across;
    } else {
      groups[a].push_back(i);
    }
  }
  return groups;
}

GroupRates rates_of(const std::string& group, const std::vector<size_t>& members, const PairScores& scores,
                    double threshold) {
  std::vector<double> cosine;
  std::vector<uint8_t> same;
  for (const size_t i : members) {
    cosine.push_back(scores.cosine[i]);
    same.push_back(scores.same[i]);
  }
  GroupRates result{.group = group, .rates = error_rates(cosine, same, threshold)};
  result.different = static_cast<uint64_t>(std::ranges::count(same, 0));
  result.same = same.size() - result.different;
  if (result.rates.fmr) result.fmr_ci95 = wilson_interval(*result.rates.fmr, result.different);
  if (result.rates.fnmr) result.fnmr_ci95 = wilson_interval(*result.rates.fnmr, result.same);
  return result;
}

RateSpread spread_of(const std::vector<double>& rates) {
  RateSpread spread;
  if (rates.size() < 2) return spread;
  const auto [smallest, largest] = std::ranges::minmax(rates);
  if (largest == 0) return spread;
  spread.largest_by_smallest = smallest > 0 ? largest / smallest : std::numeric_limits<double>::infinity();
  if (smallest == 0) return spread;
  double logarithms = 0;
  for (const double rate : rates) logarithms += std::log(rate);
  spread.largest_by_geometric_mean = largest / std::exp(logarithms / static_cast<double>(rates.size()));
  return spread;
}

void add_spreads(GroupReport& report) {
  std::vector<double> fmr, fnmr;
  for (const GroupRates& group : report.groups) {
    if (group.rates.fmr) fmr.push_back(*group.rates.fmr);
    if (group.rates.fnmr) fnmr.push_back(*group.rates.fnmr);
    if (!group.rates.fmr) report.notes.push_back("group " + group.group + " has no different pairs: no FMR");
    if (!group.rates.fnmr) report.notes.push_back("group " + group.group + " has no same pairs: no FNMR");
  }
  report.fmr = spread_of(fmr);
  report.fnmr = spread_of(fnmr);
}

}  // namespace

GroupReport evaluate_groups(const PairScores& scores, std::span<const Pair> pairs,
                            std::span<const std::string> group_of, std::optional<double> threshold) {
  check(scores, pairs, group_of);
  GroupReport report;
  if (threshold) {
    report.threshold = *threshold;
    report.threshold_source = "given";
  } else {
    choose_threshold(report, scores);
  }
  for (const auto& [group, members] : pairs_by_group(report, pairs, group_of)) {
    report.groups.push_back(rates_of(group, members, scores, report.threshold));
  }
  if (report.groups.empty()) {
    throw Error("no pair is of one group")
        .hint("the groups file must name the images or identities as the data set does");
  }
  add_spreads(report);
  return report;
}

}  // namespace facerec
