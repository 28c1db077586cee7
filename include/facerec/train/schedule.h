// Learning-rate schedules as closed forms: the rate of a step depends on its number alone, so a resumed run needs no
// state. Free of LibTorch.
#pragma once

#include <cstdint>

#include "facerec/train/config.h"

namespace facerec {

struct RunLength {
  int64_t batches_per_epoch;
  int64_t accumulate;   // batches in one optimizer step
  int64_t total_steps;  // optimizer steps

  int64_t steps_in(int64_t epochs) const { return epochs * batches_per_epoch / accumulate; }
  int64_t epochs_in(int64_t steps) const { return steps * accumulate / batches_per_epoch; }  // whole ones
};

// The rate of `step` (from 0): base_lr times, with w = warmup and T = total_steps, in steps:
//   constant    1; warm-up (step+1)/w
//   step        gamma^k after k milestones; warm-up (step+1)/w
//               (face.evoLVe; PyTorch's MultiStepLR without warm-up)
//   polynomial  (1 − (step−w)/(T−w))^power; warm-up step/w, but 1 at step 0
//               (arcface_torch's PolynomialLRWarmup)
//   cosine      (1 + cos(π (step−w)/(T−w)))/2; warm-up step/w
//               (timm; PyTorch's CosineAnnealingLR)
// The last two fall to final_lr instead of 0.
double learning_rate(const ScheduleConfig& config, double base_lr, int64_t step, const RunLength& length);

}  // namespace facerec
