#include "facerec/infer/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "facerec/core/error.h"

namespace facerec {
namespace {

void check_rate(double rate) {
  if (!(rate > 0 && rate < 1)) {
    throw Error::usage(fmt::format("an error rate lies between 0 and 1, not at {:g}", rate));
  }
}

// `share` of the way from a to b.
Threshold between(const Threshold& a, const Threshold& b, double share) {
  return {.cosine = std::lerp(a.cosine, b.cosine, share),
          .low = std::lerp(a.low, b.low, share),
          .high = std::lerp(a.high, b.high, share),
          .supported = a.supported && b.supported,
          .derived = a.derived || b.derived};
}

Threshold threshold_of(const ImpostorTail::Point& point) {
  return {.cosine = point.cosine, .low = point.low, .high = point.high};
}

// `next`, but nowhere lower.
Threshold at_least(const Threshold& least, Threshold next) {
  next.cosine = std::max(least.cosine, next.cosine);
  next.low = std::max(least.low, next.low);
  next.high = std::max(least.high, next.high);
  return next;
}

// For a gallery that is `times` as large.
Threshold derive(const ImpostorTail& tail, double rate, double times) {
  Threshold threshold = tail.at(-std::expm1(std::log1p(-rate) / times));
  threshold.supported = false;
  threshold.derived = true;
  return threshold;
}

}  // namespace

Threshold ImpostorTail::at(double rate) const {
  constexpr double rounding = 1e-9;  // of a rate that stands in the table
  const Point& last = points.back();
  if (rate < last.rate * (1 - rounding)) {
    const double steps = std::log(last.rate / rate);
    const auto beyond = [&](double cosine, double per_step) { return std::min(1.0, cosine + per_step * steps); };
    return {.cosine = beyond(last.cosine, scale),
            .low = beyond(last.low, scale_low),
            .high = beyond(last.high, scale_high),
            .supported = false};
  }
  const auto next = std::ranges::find_if(points, [&](const Point& point) { return point.rate <= rate; });
  if (next == points.end()) return threshold_of(last);
  if (next == points.begin()) return threshold_of(*next);
  const Point& before = *std::prev(next);
  const double share = std::log(before.rate / rate) / std::log(before.rate / next->rate);
  return between(threshold_of(before), threshold_of(*next), share);
}

Threshold Calibration::at_fmr(double rate) const {
  check_rate(rate);
  return fmr.at(rate);
}

Threshold Calibration::at_fpir(double rate, int64_t gallery_size) const {
  check_rate(rate);
  const auto size = static_cast<double>(std::max<int64_t>(1, gallery_size));
  if (fpir.empty()) return derive(fmr, rate, size);
  Threshold before = fpir.front().at(rate);
  auto measured = static_cast<double>(fpir.front().gallery_size);
  if (size <= measured) return before;
  for (size_t i = 1; i < fpir.size(); ++i) {
    const Threshold next = at_least(before, fpir[i].at(rate));
    const auto next_size = static_cast<double>(fpir[i].gallery_size);
    if (size <= next_size) return between(before, next, std::log(size / measured) / std::log(next_size / measured));
    before = next;
    measured = next_size;
  }
  return at_least(before, derive(fpir.back(), rate, size / measured));
}

void check_calibration(const Calibration& calibration, const fs::path& path, const std::string& model,
                       EmbeddingRule rule) {
  constexpr const char* remedy = "facerec calibrate makes one for this model";
  if (calibration.model != model) {
    throw Error::usage("was made for another model: " + calibration.architecture + " " + calibration.model +
                       ", and this is " + model)
        .file(text_of(path))
        .hint(remedy);
  }
  if (calibration.rule != rule) {
    throw Error::usage("was made with --flip " + to_string(calibration.rule) + ", and this is --flip " +
                       to_string(rule))
        .file(text_of(path))
        .hint("--flip " + to_string(calibration.rule) + " uses it as it is; " + remedy);
  }
}

}  // namespace facerec
