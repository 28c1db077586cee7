#include "facerec/eval/bootstrap.h"

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

// Of each of `people` two images: a same pair, and a different pair with the next person. Scores are those of two
// people: each has a share in how close his images come.
struct Sample {
  PairScores scores = {};
  std::vector<Pair> pairs = {};
  std::vector<uint32_t> identity = {};
};

Sample draw_sample(uint32_t people, double distance, uint64_t seed) {
  Random random("bootstrap sample", {seed});
  std::vector<double> person(people);
  for (double& value : person) value = random.normal(0, 1);
  Sample sample;
  const auto add = [&](Pair pair, double score) {
    sample.pairs.push_back(pair);
    sample.scores.cosine.push_back(score / 20);
    sample.scores.squared_l2.push_back(2 - score / 10);
    sample.scores.distance.push_back(std::sqrt(2 - score / 10));
    sample.scores.same.push_back(pair.same);
  };
  for (uint32_t i = 0; i < people; ++i) {
    const uint32_t next = (i + 1) % people;
    // Both kinds have variance 1; different pairs share their people's halves.
    add({2 * i, 2 * i + 1, true}, distance + random.normal(0, 1));
    add({2 * i, 2 * next, false}, std::sqrt(0.3) * (person[i] + person[next]) + std::sqrt(0.4) * random.normal(0, 1));
    sample.identity.push_back(i);
    sample.identity.push_back(i);
  }
  return sample;
}

size_t figure(std::string_view name) {
  return static_cast<size_t>(std::ranges::find(bootstrap_figures, name) - std::begin(bootstrap_figures));
}

TEST(Bootstrap, IntervalsHoldTheTruth) {
  // AUC of two normal laws that are d deviations apart: Φ(d / √2).
  const double distance = 1.5, truth = 0.5 * std::erfc(-distance / 2);
  int held = 0;
  constexpr int samples = 200;
  for (uint64_t seed = 0; seed < samples; ++seed) {
    const Sample sample = draw_sample(150, distance, seed);
    const Bootstrap result = bootstrap(sample.scores, sample.pairs, {}, sample.identity, {.replicates = 200});
    const Interval interval = percentile_interval(result.values[figure("auc")]).value();
    held += interval.low <= truth && truth <= interval.high;
  }
  EXPECT_GE(held, 184);  // 95 % of 200 are 190 ± 3; intervals err on the wide side
  EXPECT_LT(held, samples);
}

TEST(Bootstrap, ReplicateOfTheWholeIsTheFigureItself) {
  // One person only can be drawn in one way.
  const std::vector<Pair> pairs = {{0, 1, true}, {0, 2, false}, {1, 2, true}, {2, 3, false}};
  const PairScores scores{.cosine = {0.9, 0.2, 0.1, 0.4},
                          .squared_l2 = {0.2, 1.6, 1.8, 1.2},
                          .distance = {1, 2, 3, 4},
                          .same = {1, 0, 1, 0}};
  const auto fold = contiguous_folds(4, 2);
  const Bootstrap result = bootstrap(scores, pairs, fold, std::vector<uint32_t>{7, 7, 7, 7}, {.replicates = 3});
  const Roc roc = roc_curve(scores.cosine, scores.same).value();
  EXPECT_EQ(result.people, 1U);
  EXPECT_EQ(result.values[figure("auc")], std::vector<double>(3, area_under(roc)));
  EXPECT_EQ(result.values[figure("eer")], std::vector<double>(3, equal_error_rate(roc)));
  EXPECT_EQ(result.values[figure("tar_at_far.1e-1")], std::vector<double>(3, fnmr_at_fmr(roc, 0.1).tar()));
  EXPECT_EQ(result.values[figure("accuracy")],
            std::vector<double>(3, kfold_accuracy(scores.squared_l2, scores.same, fold).mean));
}

TEST(Bootstrap, AccuracyOfDistancesSurroundsTheFigure) {
  const Sample sample = draw_sample(100, 2, 5);
  const auto fold = interleaved_folds(sample.pairs);
  const Bootstrap result =
      bootstrap(sample.scores, sample.pairs, fold, sample.identity, {.replicates = 200}, PairScore::euclidean);
  const Interval interval = percentile_interval(result.values[figure("accuracy")]).value();
  const double accuracy = kfold_accuracy_of_distances(sample.scores.distance, sample.scores.same, fold).mean;
  EXPECT_LT(interval.low, accuracy);
  EXPECT_GT(interval.high, accuracy);
}

TEST(Bootstrap, IsTheSameForTheSameSeedWhateverTheThreads) {
  const Sample sample = draw_sample(60, 1, 1);
  const auto fold = interleaved_folds(sample.pairs);
  const auto run = [&](uint64_t seed, int threads) {
    return bootstrap(sample.scores, sample.pairs, fold, sample.identity,
                     {.replicates = 50, .seed = seed, .threads = threads})
        .values;
  };
  EXPECT_EQ(run(1, 1), run(1, 4));
  EXPECT_NE(run(1, 1), run(2, 1));
}

TEST(Bootstrap, PairsTheReplicatesOfTwoModels) {
  const Sample sample = draw_sample(100, 1, 2);
  PairScores better = sample.scores;
  for (size_t i = 0; i < better.same.size(); ++i) better.cosine[i] += better.same[i] ? 0.005 : 0;
  const auto auc_of = [&](const PairScores& scores) {
    return bootstrap(scores, sample.pairs, {}, sample.identity, {.replicates = 200}).values[figure("auc")];
  };
  const std::vector<double> before = auc_of(sample.scores), after = auc_of(better);
  EXPECT_EQ(differences(before, auc_of(sample.scores)), std::vector<double>(200, 0));
  const Interval paired = percentile_interval(differences(before, after)).value();
  const Interval alone = percentile_interval(before).value();
  EXPECT_GT(paired.low, 0);  // small, and yet seen: what both share falls out
  EXPECT_LT(paired.high - paired.low, (alone.high - alone.low) / 2);
  EXPECT_THROW(differences(before, std::vector<double>(3)), Error);
}

TEST(Bootstrap, JoinsImagesOfSamePairsWherePeopleAreNotKnown) {
  const Sample sample = draw_sample(50, 1, 3);
  const Bootstrap known = bootstrap(sample.scores, sample.pairs, {}, sample.identity, {.replicates = 20});
  const Bootstrap joined = bootstrap(sample.scores, sample.pairs, {}, {}, {.replicates = 20});
  EXPECT_TRUE(known.known_identities);
  EXPECT_FALSE(joined.known_identities);
  EXPECT_EQ(joined.people, 50U);
  EXPECT_EQ(known.values[figure("auc")], joined.values[figure("auc")]);
}

TEST(Bootstrap, IsEmptyWhereItHasNothingToSay) {
  Sample sample = draw_sample(20, 1, 4);
  const auto run = [&](const BootstrapOptions& options) {
    return bootstrap(sample.scores, sample.pairs, {}, sample.identity, options);
  };
  EXPECT_TRUE(run({.replicates = 0}).empty());
  EXPECT_TRUE(run({.replicates = 10, .most_pairs = 39}).empty());
  EXPECT_FALSE(run({.replicates = 10, .most_pairs = 40}).empty());
  EXPECT_TRUE(std::isnan(run({.replicates = 1}).values[figure("accuracy")][0]));  // there are no folds
  for (Pair& pair : sample.pairs) pair.same = true;
  EXPECT_TRUE(run({.replicates = 10}).empty());
  sample.pairs.pop_back();
  EXPECT_THROW(run({.replicates = 10}), Error);
}

TEST(PercentileInterval, IsThatOfNumPy) {
  // numpy.percentile([0, 1, …, 100], [2.5, 97.5])
  std::vector<double> values(101);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(100 - i);
  const Interval interval = percentile_interval(values).value();
  EXPECT_DOUBLE_EQ(interval.low, 2.5);
  EXPECT_DOUBLE_EQ(interval.high, 97.5);
  std::fill_n(values.begin(), 11, NAN);
  EXPECT_FALSE(percentile_interval(values).has_value());
  EXPECT_FALSE(percentile_interval({}).has_value());
}

}  // namespace
}  // namespace facerec::test
