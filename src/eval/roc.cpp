#include "facerec/eval/roc.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <ranges>
#include <string>

#include "eval/curve_writer.h"
#include "eval/sorted_scores.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"

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

constexpr size_t parts = size_t{1} << 20;  // of [−1, 1], for RocAccumulator
constexpr double half_parts = parts / 2;

}  // namespace

std::optional<Roc> roc_curve(std::span<const double> scores, std::span<const uint8_t> same) {
  check(scores, same);
  std::vector<uint64_t> keys[2];  // [different, same]
  for (size_t i = 0; i < scores.size(); ++i) keys[same[i] != 0].push_back(descending_key(scores[i]));
  constexpr size_t worth_a_thread = 100'000;
  parallel_for(2, scores.size() < worth_a_thread ? 1 : 2, [&](int64_t kind) { sort_keys(keys[kind]); });
  constexpr uint64_t end = ~uint64_t{0};
  for (std::vector<uint64_t>& of_kind : keys) of_kind.push_back(end);

  CurveWriter curve(scores.size());
  const uint64_t* next[2] = {keys[0].data(), keys[1].data()};
  for (uint64_t key; (key = std::min(*next[0], *next[1])) != end;) {
    uint64_t reached[2] = {};
    for (size_t kind = 0; kind < 2; ++kind) {
      for (; *next[kind] == key; ++next[kind]) ++reached[kind];
    }
    curve.add(score_of_key(key), reached[1], reached[0]);
  }
  return curve.finish();
}

RocAccumulator::RocAccumulator() {
  for (auto& counts : counts_) counts.resize(parts);
}

void RocAccumulator::add(double score, bool same, uint64_t count) {
  if (std::isnan(score)) throw Error("a score is NaN");
  // Scaled by a power of two and rounded down, which is exact: no score falls into a part whose lower edge is above it.
  const double scaled = std::clamp(score, -1.0, 1.0) * half_parts;
  const auto towards_zero = static_cast<int64_t>(scaled);
  const int64_t part = towards_zero - (scaled < static_cast<double>(towards_zero)) + int64_t{parts / 2};
  counts_[same][std::min(static_cast<size_t>(part), parts - 1)] += count;
}

void RocAccumulator::merge(const RocAccumulator& other) {
  for (size_t kind = 0; kind < 2; ++kind) {
    std::ranges::transform(counts_[kind], other.counts_[kind], counts_[kind].begin(), std::plus<>());
  }
}

std::optional<Roc> RocAccumulator::finish() const {
  CurveWriter curve(parts);
  for (size_t part = parts; part-- > 0;) {
    const uint64_t different = counts_[0][part], same = counts_[1][part];
    if (same + different > 0) curve.add(-1 + static_cast<double>(part) / half_parts, same, different);
  }
  return curve.finish();
}

namespace {

// Twice the area under the ROC in units of same · different pairs: trapezoids in whole numbers.
uint64_t twice_area(const Roc& roc) {
  uint64_t twice = 0;
  for (size_t i = 1; i < roc.size(); ++i) {
    twice +=
        (roc.matched_different[i] - roc.matched_different[i - 1]) * (roc.matched_same[i] + roc.matched_same[i - 1]);
  }
  return twice;
}

// The first point that `holds`, or size(); from there on it holds for all, and not for point 0.
size_t first_point(const Roc& roc, const auto& holds) {
  const auto points = std::views::iota(size_t{1}, roc.size());
  return 1 + static_cast<size_t>(std::ranges::partition_point(points, std::not_fn(holds)) - points.begin());
}

}  // namespace

double area_under(const Roc& roc) {
  return static_cast<double>(twice_area(roc)) /
         (2 * static_cast<double>(roc.same) * static_cast<double>(roc.different));
}

double error_area(const Roc& roc) {
  const uint64_t whole = 2 * roc.same * roc.different;
  return static_cast<double>(whole - twice_area(roc)) / static_cast<double>(whole);
}

double equal_error_rate(const Roc& roc) {
  // fnmr − fmr falls from 1 at the first point to −1 at the last.
  const size_t i = first_point(roc, [&](size_t point) { return roc.fnmr(point) <= roc.fmr(point); });
  const double before = roc.fnmr(i - 1) - roc.fmr(i - 1), after = roc.fnmr(i) - roc.fmr(i);
  return roc.fmr(i - 1) + before / (before - after) * (roc.fmr(i) - roc.fmr(i - 1));
}

OperatingPoint fnmr_at_fmr(const Roc& roc, double target) {
  const size_t i = first_point(roc, [&](size_t point) { return roc.fmr(point) > target; }) - 1;
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
