#include <fmt/format.h>

#include "eval/format.h"
#include "facerec/eval/calibrate.h"

namespace facerec {
namespace {

// Why a threshold is not as good as measured; "": it is.
std::string mark_of(const Threshold& threshold) {
  if (threshold.derived) return "derived";
  return threshold.supported ? "" : "extrapolated";
}

std::string missed_text(const CalibratedRate& wanted) {
  if (!wanted.missed) return "unknown";
  return fmt::format("{} {:>6} % ({} … {})", wanted.gallery_size > 0 ? "FNIR" : "FNMR", percent(*wanted.missed),
                     percent(wanted.missed_low), percent(wanted.missed_high));
}

std::string row_of(const CalibratedRate& wanted) {
  const Threshold& threshold = wanted.threshold;
  std::string rate = (wanted.gallery_size > 0 ? "FPIR " : "FMR ") + rate_name(wanted.rate);
  if (wanted.gallery_size > 0) rate += fmt::format(" of {}", wanted.gallery_size);
  std::string row = fmt::format("  {:<20} {:>7} ({} … {})  {:>7}  {:<30} {}", rate, fixed(threshold.cosine, 4),
                                fixed(threshold.low, 4), fixed(threshold.high, 4), fixed(threshold.squared_l2(), 4),
                                missed_text(wanted), mark_of(threshold));
  row.erase(row.find_last_not_of(' ') + 1);
  return row + "\n";
}

std::string notes_of(const Calibration& calibration) {
  constexpr uint64_t few = 100;
  bool extrapolated = false, derived = false;
  for (const CalibratedRate& wanted : calibration.wanted) {
    (wanted.threshold.derived ? derived : extrapolated) |= !wanted.threshold.supported;
  }
  std::string notes;
  if (extrapolated) {
    notes +=
        "  extrapolated: fewer than 30 such errors are to be expected among these comparisons; the threshold supposes "
        "an\n  exponential tail, and its interval that this is right\n";
  }
  if (derived) {
    notes += "  derived: as if the comparisons with the people of a larger gallery were independent\n";
  }
  if (calibration.identities > 0 && calibration.identities < few) {
    notes += fmt::format("  {} identities are few: the intervals are rough\n", calibration.identities);
  }
  if (calibration.genuine == 0) notes += "  no two images are of one person: FNMR and FNIR are unknown\n";
  return notes;
}

}  // namespace

std::string to_text(const Calibration& calibration) {
  std::string text = fmt::format("{}: {} images", calibration.data, calibration.images);
  if (calibration.identities > 0) text += fmt::format(" of {} identities", calibration.identities);
  text += fmt::format("; {} impostor and {} genuine comparisons; {}\n", calibration.impostor, calibration.genuine,
                      to_string(calibration.rule));
  text += fmt::format("  {:<20} {:>7} {:<17}  {:>7}  {}\n", "wanted", "cosine", "(95 %)", "sq. L2", "missed (95 %)");
  for (const CalibratedRate& wanted : calibration.wanted) text += row_of(wanted);
  return text + notes_of(calibration);
}

}  // namespace facerec
