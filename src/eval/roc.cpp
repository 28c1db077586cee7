#include "facerec/eval/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "facerec/core/error.h"

namespace facerec {
namespace {

void check(std::span<const double> scores, std::span<const uint8_t> same) {
  if (scores.size() != same.size()) {
    throw Error(std::to_string(scores.size()) + " scores and " + std::to_string(same.size()) +
                " labels do not belong together");
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) throw Error("the score of pair " + std::to_string(i) + " is NaN");
  }
}

}  // namespace

std::optional<Roc> roc_curve(std::span<const double> scores, std::span<const uint8_t> same) {
  check(scores, same);
  std::vector<std::pair<double, bool>> sorted(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) sorted[i] = {scores[i], same[i] != 0};
  std::ranges::sort(sorted, std::greater<>());

  Roc roc;
  roc.threshold.push_back(std::numeric_limits<double>::infinity());
  roc.matched_same.push_back(0);
  roc.matched_different.push_back(0);
  for (size_t i = 0; i < sorted.size(); ++i) {
    ++(sorted[i].second ? roc.same : roc.different);
    if (i + 1 < sorted.size() && sorted[i + 1].first == sorted[i].first) continue;
    roc.threshold.push_back(sorted[i].first);
    roc.matched_same.push_back(roc.same);
    roc.matched_different.push_back(roc.different);
  }
  if (roc.same == 0 || roc.different == 0) return std::nullopt;
  return roc;
}

double area_under(const Roc& roc) {
  uint64_t twice = 0;  // trapezoids in whole numbers
  for (size_t i = 1; i < roc.size(); ++i) {
    twice +=
        (roc.matched_different[i] - roc.matched_different[i - 1]) * (roc.matched_same[i] + roc.matched_same[i - 1]);
  }
  return static_cast<double>(twice) / (2 * static_cast<double>(roc.same) * static_cast<double>(roc.different));
}

double equal_error_rate(const Roc& roc) {
  // fnmr − fmr falls from 1 at the first point to −1 at the last.
  size_t i = 1;
  while (roc.fnmr(i) > roc.fmr(i)) ++i;
  const double before = roc.fnmr(i - 1) - roc.fmr(i - 1), after = roc.fnmr(i) - roc.fmr(i);
  return roc.fmr(i - 1) + before / (before - after) * (roc.fmr(i) - roc.fmr(i - 1));
}

OperatingPoint fnmr_at_fmr(const Roc& roc, double target) {
  size_t i = 0;
  while (i + 1 < roc.size() && roc.fmr(i + 1) <= target) ++i;
  return {target, roc.threshold[i], roc.fmr(i), roc.fnmr(i)};
}

bool supports_rate(uint64_t different, double rate) {
  return static_cast<double>(different) * rate >= 30 * (1 - 1e-12);  // 0.1 · 300 may round below 30
}

ErrorRates error_rates(std::span<const double> scores, std::span<const uint8_t> same, double threshold) {
  check(scores, same);
  double counts[2] = {}, errors[2] = {};  // [different, same]
  for (size_t i = 0; i < scores.size(); ++i) {
    const bool is_same = same[i] != 0;
    ++counts[is_same];
    errors[is_same] += (scores[i] >= threshold) != is_same;
  }
  ErrorRates rates;
  if (counts[0] > 0) rates.fmr = errors[0] / counts[0];
  if (counts[1] > 0) rates.fnmr = errors[1] / counts[1];
  return rates;
}

}  // namespace facerec
