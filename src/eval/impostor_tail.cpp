#include "eval/impostor_tail.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <tuple>

#include "eval/clustered.h"
#include "facerec/core/random.h"
#include "facerec/eval/roc.h"

namespace facerec {
namespace {

constexpr uint64_t kept = uint64_t{1} << 20;  // of the largest, and of the others
constexpr double highest_rate = 0.5;
constexpr int points_per_decade = 10;
constexpr double tail_trials = 300;  // that the exponential is fitted to

// The smallest rate that the rule of 30 supports.
double supported_rate(uint64_t trials) { return 30 / static_cast<double>(trials); }

uint64_t count_at(double rate, uint64_t trials) {
  return static_cast<uint64_t>(std::floor(rate * static_cast<double>(trials) * (1 + 1e-12)));
}

// Rising.
std::vector<double> rates_of(uint64_t trials, std::span<const double> wanted) {
  std::vector<double> rates{highest_rate, supported_rate(trials)};
  for (int k = points_per_decade;; ++k) {
    const double rate = std::pow(10.0, -static_cast<double>(k) / points_per_decade);
    if (!supports_rate(trials, rate)) break;
    rates.push_back(rate);
  }
  for (const double rate : wanted) {
    if (rate < highest_rate && supports_rate(trials, rate)) rates.push_back(rate);
  }
  std::ranges::sort(rates);
  const auto nearly = [](double a, double b) { return b - a < 1e-9 * b; };
  rates.erase(std::unique(rates.begin(), rates.end(), nearly), rates.end());
  return rates;
}

void sort_trials(std::vector<Trial>& trials) {
  std::ranges::sort(trials, [](const Trial& x, const Trial& y) {
    return std::tie(y.cosine, x.a, x.b) < std::tie(x.cosine, y.a, y.b);
  });
}

// Of the trials, which are in descending order, over a cosine.
double mean_excess(std::span<const Trial> trials, double edge) {
  double excess = 0;
  size_t count = 0;
  for (; count < trials.size() && double{trials[count].cosine} >= edge; ++count) excess += trials[count].cosine - edge;
  return count > 0 ? excess / static_cast<double>(count) : 0;
}

}  // namespace

void ScoreHistogram::add(float cosine) {
  const double part = std::floor((double{cosine} + 1) * (parts / 2));
  ++reached_[static_cast<size_t>(std::clamp(part, 0.0, double{parts - 1}))];
}

void ScoreHistogram::finish() {
  for (size_t part = parts; part-- > 0;) reached_[part] += reached_[part + 1];
}

double ScoreHistogram::threshold(uint64_t most) const {
  const auto found = std::ranges::partition_point(reached_, [&](uint64_t reached) { return reached > most; });
  return static_cast<double>(found - reached_.begin()) / (parts / 2) - 1;
}

void TailMeter::count(std::span<const Trial> trials) {
  const std::lock_guard lock(mutex_);
  for (const Trial& trial : trials) histogram_.add(trial.cosine);
}

void TailMeter::finish_counting() {
  histogram_.finish();
  cutoff_ = trials() <= kept ? -2 : histogram_.threshold(kept);
  share_ = static_cast<double>(kept) / static_cast<double>(std::max(trials(), kept));
}

void TailMeter::keep(std::span<const Trial> trials, uint64_t block) {
  Random random("kept trials", {block});
  const std::lock_guard lock(mutex_);
  for (const Trial& trial : trials) {
    if (trial.cosine >= cutoff_) {
      top_.push_back(trial);
    } else if (random.chance(share_)) {
      rest_.push_back(trial);
    }
  }
}

// The cosine that this share reaches; beyond the largest score that of the exponential.
double TailMeter::threshold(double rate, const ImpostorTail& tail) const {
  const uint64_t most = count_at(rate, trials());
  if (most > 0) return histogram_.threshold(most);
  const double supported = supported_rate(trials());
  const double edge = histogram_.threshold(count_at(supported, trials()));
  return std::min(1.0, std::max(histogram_.threshold(0), edge + tail.scale * std::log(supported / rate)));
}

ImpostorTail TailMeter::measure(int64_t gallery_size, std::span<const double> wanted) {
  sort_trials(top_);
  sort_trials(rest_);
  const auto count = static_cast<double>(trials());
  ImpostorTail tail{.gallery_size = gallery_size, .trials = trials()};

  const double fitted = tail_trials / count, edge = histogram_.threshold(static_cast<uint64_t>(tail_trials));
  tail.scale = mean_excess(top_, edge);

  DyadicTrials dyadic(top_, rest_, 1 / share_);
  double independent = tail_trials;  // of those that the exponential is fitted to
  for (const double rate : rates_of(trials(), wanted)) {
    const double effective = dyadic.effective(rate, count);
    if (rate <= fitted) independent = effective * rate;
    const Interval interval = wilson_interval(rate, static_cast<size_t>(effective));
    const double cosine = std::min(1.0, threshold(rate, tail));
    tail.points.push_back({.rate = rate,
                           .cosine = cosine,
                           .low = std::min(cosine, threshold(interval.high, tail)),
                           .high = std::max(cosine, threshold(interval.low, tail))});
  }
  std::ranges::reverse(tail.points);
  // A mean of exponential values has a relative standard error of 1/√n.
  const double factor = std::exp(1.96 / std::sqrt(std::max(1.0, independent)));
  tail.scale_low = tail.scale / factor;
  tail.scale_high = tail.scale * factor;
  return tail;
}

std::vector<ImpostorTail> measure_tails(std::span<const int64_t> gallery_sizes, const TrialSource& source,
                                        std::span<const double> wanted) {
  std::vector<TailMeter> meters(gallery_sizes.size());
  source([&](size_t tail, std::span<const Trial> trials, uint64_t) { meters[tail].count(trials); });
  for (TailMeter& meter : meters) meter.finish_counting();
  source([&](size_t tail, std::span<const Trial> trials, uint64_t block) { meters[tail].keep(trials, block); });
  std::vector<ImpostorTail> tails;
  for (size_t i = 0; i < meters.size(); ++i) {
    if (meters[i].trials() >= TailMeter::smallest) tails.push_back(meters[i].measure(gallery_sizes[i], wanted));
  }
  return tails;
}

}  // namespace facerec
