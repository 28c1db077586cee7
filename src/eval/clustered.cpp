#include "eval/clustered.h"

#include <algorithm>

namespace facerec {
namespace {

uint64_t key_of(const Trial& trial) { return uint64_t{std::min(trial.a, trial.b)} << 32 | std::max(trial.a, trial.b); }

// A number for every pair of people.
std::vector<uint32_t> number_dyads(std::span<const Trial> top, std::span<const Trial> rest) {
  std::vector<uint64_t> keys;
  for (const Trial& trial : top) keys.push_back(key_of(trial));
  for (const Trial& trial : rest) keys.push_back(key_of(trial));
  std::vector<uint64_t> sorted = keys;
  std::ranges::sort(sorted);
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<uint32_t> numbers;
  for (const uint64_t key : keys) {
    numbers.push_back(static_cast<uint32_t>(std::ranges::lower_bound(sorted, key) - sorted.begin()));
  }
  return numbers;
}

size_t count_people(std::span<const Trial> top, std::span<const Trial> rest) {
  uint32_t last = 0;
  for (const auto& trials : {top, rest}) {
    for (const Trial& trial : trials) last = std::max({last, trial.a, trial.b});
  }
  return size_t{last} + 1;
}

}  // namespace

void ClusterSums::finish() {
  for (const double weight : all_) all_2_ += weight * weight;
}

void ClusterSums::reach(size_t cluster, double weight) {
  reached_2_ += weight * (2 * reached_[cluster] + weight);
  reached_all_ += weight * all_[cluster];
  reached_[cluster] += weight;
}

DyadicTrials::DyadicTrials(std::span<const Trial> top, std::span<const Trial> rest, double weight)
    : top_(top),
      rest_(rest),
      weight_(weight),
      dyad_(number_dyads(top, rest)),
      people_(count_people(top, rest)),
      dyads_(dyad_.size()) {
  for (size_t i = 0; i < dyad_.size(); ++i) {
    const double each = this->weight(i);
    total_ += each;
    people_.add(trial(i).a, each);
    people_.add(trial(i).b, each);
    dyads_.add(dyad_[i], each);
  }
  people_.finish();
  dyads_.finish();
}

double DyadicTrials::effective(double rate, double trials) {
  for (; next_ < dyad_.size() && reached_ + weight(next_) <= rate * total_ * (1 + 1e-9); ++next_) {
    const double each = weight(next_);
    reached_ += each;
    people_.reach(trial(next_).a, each);
    people_.reach(trial(next_).b, each);
    dyads_.reach(dyad_[next_], each);
  }
  const double here = reached_ / total_;
  // A pair of trials with one person in common is counted once, one with both in common twice: hence the difference.
  const double variance = (people_.squares(here) - dyads_.squares(here)) / (total_ * total_);
  if (variance <= 0) return trials;
  return std::clamp(here * (1 - here) / variance, 1.0, trials);
}

}  // namespace facerec
