#include "facerec/core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "facerec/core/error.h"

namespace facerec {
namespace {

TEST(ParallelFor, CallsEachIndexOnce) {
  std::vector<std::atomic<int>> calls(1000);
  parallel_for(1000, 4, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
}

TEST(ParallelFor, RethrowsTheFirstException) {
  EXPECT_THROW(parallel_for(100, 4,
                            [](int64_t i) {
                              if (i == 7) throw Error("seven");
                            }),
               Error);
}

TEST(ParallelFor, DoesNothingForNone) {
  parallel_for(0, 0, [](int64_t) { FAIL(); });
}

TEST(AvailableCores, IsPositive) { EXPECT_GE(available_cores(), 1); }

}  // namespace
}  // namespace facerec
