#include "eval/miss_rate.h"

#include <algorithm>

#include "facerec/eval/kfold.h"

namespace facerec {

void MissRate::add(std::span<const float> cosines) {
  const auto trials = static_cast<double>(cosines.size());
  const auto misses =
      static_cast<double>(std::ranges::count_if(cosines, [&](float cosine) { return cosine < threshold_; }));
  misses_ += misses;
  trials_ += trials;
  misses_2_ += misses * misses;
  misses_trials_ += misses * trials;
  trials_2_ += trials * trials;
}

void MissRate::tell(CalibratedRate& wanted) const {
  if (trials_ == 0) return;
  const double rate = misses_ / trials_;
  // The cluster-robust variance, people being the clusters; where all or none miss, it tells nothing, and a person
  // counts as one trial.
  const double people = trials_ * trials_ / trials_2_;
  const double variance = (misses_2_ - 2 * rate * misses_trials_ + rate * rate * trials_2_) / (trials_ * trials_);
  const double independent =
      variance > 0 ? std::clamp(rate * (1 - rate) / variance, 1.0, trials_) : std::max(1.0, people);
  const Interval interval = wilson_interval(rate, static_cast<size_t>(independent));
  wanted.missed = rate;
  wanted.missed_low = interval.low;
  wanted.missed_high = interval.high;
}

}  // namespace facerec
