#include "eval/model_comparison.h"

#include <algorithm>

#include "eval/format.h"
#include "facerec/eval/report.h"

namespace facerec {
namespace {

constexpr std::string_view tar_prefix = "tar_at_far.";

size_t index_of(std::string_view figure) {
  return static_cast<size_t>(std::ranges::find(bootstrap_figures, figure) - std::begin(bootstrap_figures));
}

const OperatingPoint* tar_point(const VerificationResult& result, std::string_view figure) {
  if (!figure.starts_with(tar_prefix)) return nullptr;
  const auto named = [&](const OperatingPoint& p) { return rate_name(p.target) == figure.substr(tar_prefix.size()); };
  const auto point = std::ranges::find_if(result.fmr, named);
  return point == result.fmr.end() ? nullptr : &*point;
}

bool supported(const VerificationResult& result, std::string_view figure) {
  const OperatingPoint* point = tar_point(result, figure);
  return !figure.starts_with(tar_prefix) || (point != nullptr && supports_rate(result.different, point->target));
}

// Replicates are paired where both were drawn from the same pairs.
std::optional<Interval> interval_of_difference(const VerificationResult& before, const VerificationResult& after,
                                               size_t figure) {
  const Bootstrap &a = before.bootstrap, &b = after.bootstrap;
  if (a.empty() || b.empty() || before.same != after.same || before.different != after.different) return std::nullopt;
  if (a.people != b.people || a.values[figure].size() != b.values[figure].size()) return std::nullopt;
  return percentile_interval(differences(a.values[figure], b.values[figure]));
}

void compare(const ReportEntry& before, const ReportEntry& after, std::vector<Comparison>& comparisons) {
  const VerificationResult &a = before.verification(), &b = after.verification();
  for (size_t i = 0; i < std::size(bootstrap_figures); ++i) {
    const std::string_view figure = bootstrap_figures[i];
    const auto old_value = figure_value(a, figure), new_value = figure_value(b, figure);
    if (!old_value || !new_value || !supported(a, figure) || !supported(b, figure)) continue;
    comparisons.push_back({.model = after.model,
                           .data = after.data,
                           .condition = after.condition,
                           .figure = std::string(figure),
                           .before = *old_value,
                           .after = *new_value,
                           .ci95 = interval_of_difference(a, b, i)});
  }
}

}  // namespace

std::optional<double> figure_value(const VerificationResult& result, std::string_view figure) {
  if (figure == "accuracy") return result.accuracy.mean;
  if (figure == "auc") return result.auc;
  if (figure == "eer") return result.eer;
  const OperatingPoint* point = tar_point(result, figure);
  return point == nullptr ? std::nullopt : std::optional(point->tar());
}

std::optional<Interval> bootstrap_interval(const Bootstrap& bootstrap, std::string_view figure) {
  return bootstrap.empty() ? std::nullopt : percentile_interval(bootstrap.values[index_of(figure)]);
}

std::vector<Comparison> compare_models(const Report& report) {
  std::vector<Comparison> comparisons;
  const auto is_verification = [](const ReportEntry& e) {
    return std::holds_alternative<VerificationResult>(e.result);
  };
  for (const ReportEntry& after : report.results) {
    if (after.model == 0 || !is_verification(after)) continue;
    for (const ReportEntry& before : report.results) {
      if (before.model != 0 || !is_verification(before)) continue;
      if (before.data == after.data && before.condition == after.condition) compare(before, after, comparisons);
    }
  }
  return comparisons;
}

}  // namespace facerec
