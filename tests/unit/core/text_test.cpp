#include "facerec/core/text.h"

#include <gtest/gtest.h>

namespace facerec {
namespace {

const std::vector<std::string> names{"batch_size", "epochs", "lr", "clip_norm"};

TEST(NearestName, FindsSlips) {
  EXPECT_EQ(nearest_name("epoch", names), "epochs");
  EXPECT_EQ(nearest_name("batchsize", names), "batch_size");
}

TEST(NearestName, GivesNothingForOtherWords) { EXPECT_EQ(nearest_name("wavelength", names), ""); }

}  // namespace
}  // namespace facerec
