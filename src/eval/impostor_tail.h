// From the scores of strangers to the tail of their distribution, in memory that does not grow with their number.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "facerec/infer/calibration.h"

namespace facerec {

// A comparison of two images, or a search: the best cosine in a gallery, and whose it was.
struct Trial {
  float cosine;
  uint32_t a, b;  // identities
};

// How many scores there are in each of 2^20 parts of −1 … 1.
class ScoreHistogram {
 public:
  void add(float cosine);
  void finish();  // after the last add()
  uint64_t total() const { return reached_.front(); }
  // The smallest edge of a part that at most `most` scores reach.
  double threshold(uint64_t most) const;

 private:
  static constexpr size_t parts = size_t{1} << 20;
  std::vector<uint64_t> reached_ = std::vector<uint64_t>(parts + 1);  // after finish(): scores in this part or above
};

// Trials are offered twice: to be counted, and, once all are, for those to be kept that intervals are computed from.
// Both may be called from several threads; results do not depend on their order.
class TailMeter {
 public:
  void count(std::span<const Trial> trials);
  void finish_counting();
  // `block`: a number of these trials that is theirs alone.
  void keep(std::span<const Trial> trials, uint64_t block);

  uint64_t trials() const { return histogram_.total(); }
  // The rates `wanted` become points, as far as they are supported. REQUIRES: trials() ≥ smallest.
  ImpostorTail measure(int64_t gallery_size, std::span<const double> wanted);

  static constexpr uint64_t smallest = 600;  // so that the exponential's 300 are no more than half

 private:
  double threshold(double rate, const ImpostorTail& tail) const;

  ScoreHistogram histogram_;
  std::mutex mutex_;
  double cutoff_ = 0;              // trials that reach it are all kept,
  double share_ = 0;               // of the others this share
  std::vector<Trial> top_, rest_;  // descending, after measure() has sorted them
};

// Calls emit(tail, trials, block) for every block of the trials of each tail, from any thread, the same at each call.
using EmitTrials = std::function<void(size_t tail, std::span<const Trial> trials, uint64_t block)>;
using TrialSource = std::function<void(const EmitTrials& emit)>;

// A tail for each of gallery_sizes (0: comparisons) that has trials enough.
std::vector<ImpostorTail> measure_tails(std::span<const int64_t> gallery_sizes, const TrialSource& source,
                                        std::span<const double> wanted);

}  // namespace facerec
