#include "facerec/face/alignment.h"

#include <gtest/gtest.h>

namespace facerec {
namespace {

TEST(Template, IsThatOfThePeersInEverySize) {
  EXPECT_DOUBLE_EQ(template_points({112, 112})[0][0], 38.2946);
  EXPECT_NEAR(template_points({96, 112})[0][0], 30.2946, 1e-12);
  EXPECT_NEAR(template_points({128, 128})[0][0], 46.2946, 1e-12);
  EXPECT_NEAR(template_points({224, 224})[2][1], 143.4732, 1e-12);
}

TEST(Template, PaddingKeepsTheCentreAndShrinksTheFace) {
  const Points64 plain = template_points({112, 112}), padded = template_points({112, 112, 0.25});
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(padded[i][0] - 56, (plain[i][0] - 56) / 1.5, 1e-12);
    EXPECT_NEAR(padded[i][1] - 56, (plain[i][1] - 56) / 1.5, 1e-12);
  }
}

}  // namespace
}  // namespace facerec
