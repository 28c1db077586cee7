#include <cmath>
#include <functional>

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(ScorePairs, FollowsTheRule) {
  const std::vector<float> original = {3, 0, 0, 1}, flipped = {0, 4, 1, 0};
  const Pair pair[] = {{0, 1, true}};
  const Embeddings e{2, original, flipped};
  EXPECT_NEAR(score_pairs(e, pair, EmbeddingRule::no_flip).cosine[0], 0, 1e-15);
  EXPECT_NEAR(score_pairs(e, pair, EmbeddingRule::flip_sum).cosine[0], 7 / (5 * std::sqrt(2)), 1e-15);
  EXPECT_NEAR(score_pairs(e, pair, EmbeddingRule::flip_concat).cosine[0], 0, 1e-15);
  const PairScores scores = score_pairs(e, pair, EmbeddingRule::flip_sum);
  EXPECT_NEAR(scores.squared_l2[0], 2 - 2 * scores.cosine[0], 1e-15);
  EXPECT_NEAR(scores.distance[0], std::sqrt(4 + 9), 1e-14);  // (3, 4) and (1, 1)
  EXPECT_NEAR(scores.mean_norm, (3 + 4 + 1 + 1) / 4.0, 1e-15);
}

TEST(ScorePairs, SidesMayBeSwapped) {
  Random random("swap", {1});
  std::vector<float> rows(20 * 8);
  for (float& value : rows) value = static_cast<float>(random.normal(0, 1));
  std::vector<Pair> pairs, swapped;
  for (uint32_t i = 0; i < 19; ++i) {
    pairs.push_back({i, i + 1, i % 2 == 0});
    swapped.push_back({i + 1, i, i % 2 == 0});
  }
  const PairScores one = score_pairs({8, rows}, pairs, EmbeddingRule::no_flip);
  const PairScores other = score_pairs({8, rows}, swapped, EmbeddingRule::no_flip);
  EXPECT_EQ(one.cosine, other.cosine);
  EXPECT_EQ(one.squared_l2, other.squared_l2);
}

TEST(ScorePairs, LengthDoesNotMatterAlone) {
  std::vector<float> rows = {1, 2, 3, -1, 0.5F, 2};
  const Pair pair[] = {{0, 1, true}};
  const double before = score_pairs({3, rows}, pair, EmbeddingRule::no_flip).cosine[0];
  for (size_t i = 0; i < 3; ++i) rows[i] *= 1024;
  EXPECT_EQ(score_pairs({3, rows}, pair, EmbeddingRule::no_flip).cosine[0], before);
}

TEST(ScorePairs, ZeroRowsStayZeroAndAreCounted) {
  const std::vector<float> original = {1, -2, 0, 3}, flipped = {-1, 2, 4, 0};
  const Pair pair[] = {{0, 1, false}};
  const PairScores sum = score_pairs({2, original, flipped}, pair, EmbeddingRule::flip_sum);
  EXPECT_EQ(sum.zero_embeddings, 1U);
  EXPECT_EQ(sum.cosine[0], 0);
  EXPECT_NEAR(sum.squared_l2[0], 1, 1e-15);
  EXPECT_EQ(score_pairs({2, original, flipped}, pair, EmbeddingRule::flip_concat).zero_embeddings, 0U);
}

TEST(ScorePairs, NamesTheRowThatIsNotFinite) {
  const std::vector<float> good = {1, 0, 0, 1, 1, 1}, bad = {1, 0, 0, 1, nan, 1};
  const Pair pair[] = {{0, 1, true}};
  EXPECT_EQ(message_of([&] {
              score_pairs({2, bad, good}, pair, EmbeddingRule::flip_sum);
            }),
            "the embedding of image 2 holds NaN or an infinity");
  EXPECT_EQ(message_of([&] {
              score_pairs({2, good, bad}, pair, EmbeddingRule::flip_sum);
            }),
            "the embedding of image 2 (mirrored) holds NaN or an infinity");
}

TEST(ScorePairs, ChecksSizes) {
  const std::vector<float> rows = {1, 0, 0, 1}, fewer = {1, 0};
  const Pair pair[] = {{0, 1, true}}, beyond[] = {{0, 1, true}, {1, 2, false}};
  EXPECT_THROW(score_pairs({3, rows}, pair, EmbeddingRule::no_flip), Error);
  EXPECT_THROW(score_pairs({0, rows}, pair, EmbeddingRule::no_flip), Error);
  EXPECT_THROW(score_pairs({2, rows}, pair, EmbeddingRule::flip_sum), Error);
  EXPECT_THROW(score_pairs({2, rows, fewer}, pair, EmbeddingRule::no_flip), Error);
  EXPECT_THROW(score_pairs({2, rows}, pair, EmbeddingRule::no_flip, std::vector<uint8_t>{0}), Error);
  EXPECT_EQ(message_of([&] { score_pairs({2, rows}, beyond, EmbeddingRule::no_flip); }), "pair 1 names image 2 of 2");
}

TEST(EmbeddingRuleNames, ReadBack) {
  for (auto rule : {EmbeddingRule::no_flip, EmbeddingRule::flip_sum, EmbeddingRule::flip_concat}) {
    EXPECT_EQ(parse_embedding_rule(to_string(rule)), rule);
  }
  EXPECT_THROW(parse_embedding_rule("flip"), Error);
}

}  // namespace
}  // namespace facerec::test
