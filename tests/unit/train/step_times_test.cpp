#include "train/step_times.h"

#include <gtest/gtest.h>

#include <thread>

namespace facerec {
namespace {

using std::chrono::milliseconds;

TEST(StepTimes, AddUpByPart) {
  StepTimes times(torch::kCPU);
  for (int step = 0; step < 2; ++step) {
    enter(StepPart::forward);
    std::this_thread::sleep_for(milliseconds(4));
    enter(StepPart::backward);
    std::this_thread::sleep_for(milliseconds(8));
    enter(StepPart::forward);
    std::this_thread::sleep_for(milliseconds(4));
    times.finish_step();
    std::this_thread::sleep_for(milliseconds(50));  // between steps: nobody's
  }
  EXPECT_NEAR(times.seconds(StepPart::forward), 0.016, 0.012);
  EXPECT_NEAR(times.seconds(StepPart::backward), 0.016, 0.012);
  EXPECT_EQ(times.seconds(StepPart::head), 0);
  EXPECT_DOUBLE_EQ(times.seconds(), times.seconds(StepPart::forward) + times.seconds(StepPart::backward));
  times.forget();
  EXPECT_EQ(times.seconds(), 0);
}

TEST(StepTimes, NobodyListensAfterwards) {
  { const StepTimes times(torch::kCPU); }
  enter(StepPart::forward);
}

}  // namespace
}  // namespace facerec
