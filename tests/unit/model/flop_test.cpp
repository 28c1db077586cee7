#include "model/flop.h"

#include <gtest/gtest.h>

namespace facerec {
namespace {

double giga_products(const std::string& name) {
  return forward_flop(*make_backbone({.name = name, .embedding_size = 512})) / 2e9;
}

// insightface's own count of iresnet50 and mbf: 6.33 and 0.45 (recognition/arcface_torch/README.md), whose tool adds
// what BatchNorm and PReLU multiply; the convolutions and the linear layer of iresnet50 alone make 6.309.
TEST(Flop, IsThatOfThePublishedNetworks) {
  EXPECT_NEAR(giga_products("iresnet50"), 6.309, 0.002);
  EXPECT_NEAR(giga_products("mbf"), 0.44, 0.02);
}

// 12 blocks of width 256 and 144 patches: 12·w² for each patch, and two products of patches with patches.
TEST(Flop, CountsAttention) {
  const double width = 256, patches = 144, embedding = 512;
  const double blocks = 12 * (12 * width * width * patches + 2 * patches * patches * width);
  const double ends = 3 * 81 * width * patches + width * patches * width + width * embedding;
  EXPECT_NEAR(giga_products("vit_t") * 1e9, blocks + ends, 1);
}

}  // namespace
}  // namespace facerec
