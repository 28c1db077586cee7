#include "facerec/core/progress.h"

#include <gtest/gtest.h>

namespace facerec {
namespace {

TEST(Pace, IsThatOfNow) {
  Pace pace;
  EXPECT_EQ(pace.per_second(), 0);
  pace.add(10, 20);  // the first step of a training is slow
  EXPECT_DOUBLE_EQ(pace.per_second(), 0.5);
  for (int i = 0; i < 600; ++i) pace.add(10, 0.1);
  EXPECT_NEAR(pace.per_second(), 100, 10);
  for (int i = 0; i < 600; ++i) pace.add(10, 0.5);
  EXPECT_NEAR(pace.per_second(), 20, 0.1) << "what was five minutes ago is forgotten";
}

TEST(Pace, DoesNotDependOnHowTheWorkIsCut) {
  Pace steps, halves;
  for (int i = 0; i < 100; ++i) steps.add(8, 0.2);
  for (int i = 0; i < 200; ++i) halves.add(4, 0.1);
  EXPECT_NEAR(steps.per_second(), halves.per_second(), 1e-9);
}

TEST(Duration, IsToldInTwoUnits) {
  EXPECT_EQ(duration_text(0), "0 s");
  EXPECT_EQ(duration_text(59.9), "59 s");
  EXPECT_EQ(duration_text(61), "1 min 1 s");
  EXPECT_EQ(duration_text(2 * 3600 + 13 * 60 + 5), "2 h 13 min");
  EXPECT_EQ(duration_text(50 * 3600), "2 d 2 h");
  EXPECT_EQ(duration_text(-1), "0 s");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "");
}

}  // namespace
}  // namespace facerec
