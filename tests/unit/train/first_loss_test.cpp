// Where a training begins: the loss before anything is learnt has a closed form.
#include <gtest/gtest.h>

#include <cmath>

#include "facerec/model/head.h"
#include "facerec/model/loss.h"

namespace facerec {
namespace {

// Cosines of random directions in n dimensions are nearly normal with variance 1/n. The other C − 1 classes sum to
// (C − 1)·exp(s²/2n) on average, which a draw of them falls short of, and the own logit is s·cos(π/2 + m).
TEST(FirstLoss, OfArcFaceIsThatOfRandomDirections) {
  constexpr int64_t classes = 163, size = 512;
  const double scale = 64, margin = 0.5;
  const double expected = std::log(classes - 1) + scale * scale / (2 * size) + scale * std::sin(margin);
  EXPECT_NEAR(expected, 39.8, 0.05);
  for (const char* name : {"arcface", "arcface_torch"}) {
    torch::manual_seed(3);
    HeadConfig config;
    config.name = name;
    const auto head = make_head(config, classes, size);
    const torch::Tensor labels = torch::randint(classes, {2048}, torch::kInt64);
    const torch::Tensor logits = head->logits(torch::randn({2048, size}), labels);
    EXPECT_NEAR(classification_loss({}, logits, labels).item<double>(), expected, 0.5) << name;
  }
}

}  // namespace
}  // namespace facerec
