// The variance of a rate whose trials share people.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/impostor_tail.h"
#include "facerec/eval/kfold.h"

namespace facerec {

// Sum over clusters of the squared sum of (reached − rate) of their trials, for a growing set of reached trials.
class ClusterSums {
 public:
  explicit ClusterSums(size_t clusters) : reached_(clusters), all_(clusters) {}
  void add(size_t cluster, double weight) { all_[cluster] += weight; }
  void finish();  // after the last add()
  void reach(size_t cluster, double weight);
  double squares(double rate) const { return reached_2_ - 2 * rate * reached_all_ + rate * rate * all_2_; }

 private:
  std::vector<double> reached_, all_;
  double reached_2_ = 0, reached_all_ = 0, all_2_ = 0;
};

// How many independent trials would tell a rate as exactly as these: rate·(1 − rate) / variance.
class DyadicTrials {
 public:
  // Of `top` each stands for itself, of `rest` for `weight` trials.
  DyadicTrials(std::span<const Trial> top, std::span<const Trial> rest, double weight);

  // The trials of the largest scores, so that the rate is `rate`; rates must not fall from call to call. At least 1, at
  // most `trials`.
  double effective(double rate, double trials);

 private:
  const Trial& trial(size_t i) const { return i < top_.size() ? top_[i] : rest_[i - top_.size()]; }
  double weight(size_t i) const { return i < top_.size() ? 1 : weight_; }

  std::span<const Trial> top_, rest_;
  double weight_;
  double total_ = 0, reached_ = 0;
  size_t next_ = 0;
  std::vector<uint32_t> dyad_;  // of each trial
  ClusterSums people_, dyads_;
};

}  // namespace facerec
