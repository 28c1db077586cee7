#include "facerec/core/error.h"

#include <gtest/gtest.h>

namespace facerec {
namespace {

TEST(Error, SaysFilePlaceAndRemedy) {
  const Error error = Error("is cut off").file("a.bin").offset(12).hint("copy it again");
  EXPECT_STREQ(error.what(), "a.bin: is cut off (at byte 12); copy it again");
  EXPECT_EQ(error.kind(), Error::Kind::runtime);
}

TEST(Error, UsageSurvivesTheBuilders) {
  const Error error = Error::usage("unknown key").hint("did you mean 'lr'?");
  EXPECT_EQ(error.kind(), Error::Kind::usage);
}

}  // namespace
}  // namespace facerec
