#include "face/boxes.h"

#include <gmock/gmock.h>

namespace facerec {
namespace {

using testing::ElementsAre;

TEST(Overlap, IsIntersectionOverUnionOrOverTheSmallerBox) {
  const Box large{0, 0, 9, 9}, small{0, 0, 4, 4};
  EXPECT_FLOAT_EQ(overlap(large, small), 16.0F / 81);
  EXPECT_FLOAT_EQ(overlap(large, small, {.counts_pixels = true}), 0.25F);
  EXPECT_FLOAT_EQ(overlap(large, small, {.counts_pixels = true, .against_smaller = true}), 1);
  EXPECT_FLOAT_EQ(overlap(large, {20, 20, 30, 30}), 0);
}

TEST(Suppress, KeepsTheBestOfThoseThatOverlap) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {1, 0, 11, 10}, {40, 0, 50, 10}, {0, 0, 10, 10}};
  const std::vector<float> scores{0.8F, 0.9F, 0.1F, 0.8F};
  EXPECT_THAT(suppress(boxes, scores, 0.5F), ElementsAre(1, 2));
  EXPECT_THAT(suppress(boxes, scores, 0.9F), ElementsAre(1, 0, 2));  // of equals the first
  EXPECT_THAT(suppress(boxes, scores, 0.9F, {.last_of_equals = true}), ElementsAre(1, 3, 2));
}

TEST(Suppress, OfNothingIsNothing) { EXPECT_THAT(suppress({}, {}, 0.5F), ElementsAre()); }

}  // namespace
}  // namespace facerec
