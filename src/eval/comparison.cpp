#include "facerec/eval/comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "eval/format.h"

namespace facerec {
namespace {

// A rate at which no error was seen is not 0: with n trials it is below 3/n with 95 % confidence.
std::string rule_of_three(std::string_view errors, uint64_t trials, std::string_view pairs, std::string_view rate) {
  return fmt::format("no {} among {} {} pairs bounds the {} at {:.2g} (95 %, rule of three)", errors, trials, pairs,
                     rate, std::min(1.0, 3 / static_cast<double>(trials)));
}

void tell_bounds(ComparisonFigures& figures) {
  const auto without_match = std::ranges::find(figures.fmr, 0.0, &OperatingPoint::fmr);
  if (without_match != figures.fmr.end()) {
    figures.notes.push_back(fmt::format("at FAR {} and below: {}", rate_name(without_match->target),
                                        rule_of_three("false match", figures.different, "different", "FMR")));
  }
  if (std::ranges::find(figures.fmr, 0.0, &OperatingPoint::fnmr) != figures.fmr.end()) {
    figures.notes.push_back("where FNMR is 0: " + rule_of_three("false non-match", figures.same, "same", "FNMR"));
  }
}

}  // namespace

void fill_figures(ComparisonFigures& figures, std::optional<Roc> roc) {
  figures.roc = std::move(roc);
  if (!figures.roc) {
    figures.notes.push_back(fmt::format("there are no {} pairs: AUC, EER, TAR and FNMR at a wanted FAR are undefined",
                                        figures.different == 0 ? "different" : "same"));
    return;
  }
  figures.auc = area_under(*figures.roc);
  figures.error_area = error_area(*figures.roc);
  figures.eer = equal_error_rate(*figures.roc);
  for (const double target : fmr_targets) figures.fmr.push_back(fnmr_at_fmr(*figures.roc, target));
  if (figures.distribution.same.empty()) figures.distribution = score_distribution(*figures.roc);
  tell_bounds(figures);
}

}  // namespace facerec
