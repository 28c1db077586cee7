// How many genuine scores stay below a threshold.
#pragma once

#include <cstdint>
#include <span>

#include "facerec/infer/calibration.h"

namespace facerec {

class MissRate {
 public:
  explicit MissRate(double threshold) : threshold_(threshold) {}
  void add(std::span<const float> cosines);  // all of one person
  void tell(CalibratedRate& wanted) const;   // nothing without cosines

 private:
  double threshold_;
  double misses_ = 0, trials_ = 0;
  double misses_2_ = 0, misses_trials_ = 0, trials_2_ = 0;  // sums of products by person
};

}  // namespace facerec
