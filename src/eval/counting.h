// Figures of comparisons that are counted as they are made, not kept.
#pragma once

#include <cstdint>
#include <functional>

#include "facerec/eval/comparison.h"

namespace facerec {

// The sum of what body(block, accumulator) counts for blocks 0 … blocks − 1, every thread with an accumulator of its
// own.
RocAccumulator count_scores(int64_t blocks, int threads, const std::function<void(int64_t, RocAccumulator&)>& body);

// `failed`: comparisons that could not be made; they never match, and are left out of the distribution.
struct FailedComparisons {
  uint64_t same = 0, different = 0;
};
void fill_figures(ComparisonFigures& figures, RocAccumulator compared, const FailedComparisons& failed);

}  // namespace facerec
