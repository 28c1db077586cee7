// Decisions about pairs at a threshold.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/eval/verification.h"

namespace facerec {
namespace {

// numpy.median of the pairs that could be compared.
double median_of(const PairScores& scores, PairScore score) {
  const std::vector<double>& all = score == PairScore::cosine ? scores.cosine : scores.distance;
  std::vector<double> values;
  for (size_t i = 0; i < all.size(); ++i) {
    if (scores.compared(i)) values.push_back(all[i]);
  }
  if (values.empty()) throw Error("there is no pair to take the median of");
  const auto upper = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::ranges::nth_element(values, upper);
  if (values.size() % 2 == 1) return *upper;
  return (*std::max_element(values.begin(), upper) + *upper) / 2;
}

}  // namespace

ThresholdRule parse_threshold_rule(std::string_view text) {
  using Kind = ThresholdRule::Kind;
  if (text == "kfold") return {.kind = Kind::kfold};
  if (text == "median") return {.kind = Kind::median};
  double value = 0;
  if (!parse_number(text, value) || !std::isfinite(value)) {
    throw Error::usage(fmt::format("'{}' is no threshold", text)).hint("known: kfold, median, or a number");
  }
  return {.kind = Kind::value, .value = value};
}

Predictions predict(const PairScores& scores, PairScore score, const ThresholdRule& rule) {
  if (rule.kind == ThresholdRule::Kind::kfold) {
    throw Error::usage("thresholds of k folds need labelled pairs").hint("take the threshold median, or a number");
  }
  Predictions predictions;
  predictions.threshold = rule.kind == ThresholdRule::Kind::median ? median_of(scores, score) : rule.value;
  const bool by_cosine = score == PairScore::cosine;
  for (const double value : by_cosine ? scores.cosine : scores.distance) {
    predictions.same.push_back(by_cosine ? value >= predictions.threshold : value <= predictions.threshold);
  }
  return predictions;
}

WorstPairs worst_pairs(const PairScores& scores, double threshold, size_t most) {
  WorstPairs worst;
  for (size_t i = 0; i < scores.cosine.size(); ++i) {
    const bool same = scores.same[i] != 0;
    if (!scores.compared(i) || (scores.cosine[i] >= threshold) == same) continue;
    (same ? worst.false_nonmatches : worst.false_matches).push_back(i);
  }
  const auto keep_worst = [&](std::vector<size_t>& pairs, auto order) {
    const auto kept = pairs.begin() + static_cast<int64_t>(std::min(most, pairs.size()));
    std::ranges::partial_sort(pairs, kept, order, [&](size_t i) { return std::pair(scores.cosine[i], i); });
    pairs.erase(kept, pairs.end());
  };
  keep_worst(worst.false_matches, std::ranges::greater());
  keep_worst(worst.false_nonmatches, std::ranges::less());
  return worst;
}

}  // namespace facerec
