#include "facerec/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>

#include "eval/acceptance.h"
#include "eval/curve_writer.h"
#include "eval/statistics.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/random.h"
#include "facerec/eval/comparison.h"

namespace facerec {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

// --- people ---

// A number for each image: one for the images that same pairs join.
std::vector<uint32_t> joined_images(std::span<const Pair> pairs) {
  uint32_t images = 0;
  for (const Pair& pair : pairs) images = std::max({images, pair.a + 1, pair.b + 1});
  std::vector<uint32_t> person(images);
  std::iota(person.begin(), person.end(), 0U);
  const auto root_of = [&](uint32_t image) {
    while (person[image] != image) image = person[image] = person[person[image]];
    return image;
  };
  for (const Pair& pair : pairs) {
    if (pair.same) person[root_of(pair.a)] = root_of(pair.b);
  }
  for (uint32_t image = 0; image < images; ++image) person[image] = root_of(image);
  return person;
}

struct PeopleOfPairs {
  std::vector<std::pair<uint32_t, uint32_t>> of_pair = {};  // numbers 0 … count − 1, in the order that pairs name them
  uint32_t count = 0;
};

PeopleOfPairs people_of(std::span<const Pair> pairs, std::span<const uint32_t> identity) {
  PeopleOfPairs people;
  std::map<uint32_t, uint32_t> numbers;
  const auto number_of = [&](uint32_t image) {
    if (image >= identity.size()) throw Error("image " + std::to_string(image) + " of a pair has no identity");
    return numbers.try_emplace(identity[image], static_cast<uint32_t>(numbers.size())).first->second;
  };
  for (const Pair& pair : pairs) {
    const uint32_t a = number_of(pair.a);
    people.of_pair.emplace_back(a, number_of(pair.b));
  }
  people.count = static_cast<uint32_t>(numbers.size());
  return people;
}

// How often each person is drawn in a replicate.
std::vector<uint32_t> draw(uint32_t people, uint64_t seed, uint64_t replicate) {
  Random random("bootstrap over people", {seed, replicate});
  std::vector<uint32_t> weight(people);
  for (uint32_t i = 0; i < people; ++i) ++weight[random.below(people)];
  return weight;
}

// --- pairs ---

struct RankedPair {
  double similarity = 0;
  uint32_t a = 0, b = 0;  // people
  uint16_t fold = 0, first_accepting = 0;
  bool same = false;

  uint64_t weight(std::span<const uint32_t> drawn) const { return a == b ? drawn[a] : uint64_t{drawn[a]} * drawn[b]; }
};

Thresholds thresholds_of(const PairScores& scores, PairScore score) {
  if (score == PairScore::cosine) return accuracy_thresholds;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (size_t i = 0; i < scores.distance.size(); ++i) {
    if (!scores.compared(i)) continue;
    low = std::min(low, scores.distance[i]);
    high = std::max(high, scores.distance[i]);
  }
  return distance_thresholds(low, high);
}

// All that does not depend on the weights.
class Resampler {
 public:
  Resampler(const PairScores& scores, const PeopleOfPairs& people, std::span<const uint16_t> fold, PairScore score);

  // In the order of bootstrap_figures.
  std::vector<double> figures(std::span<const uint32_t> drawn) const;

 private:
  double accuracy(std::span<const uint32_t> drawn) const;
  std::optional<Roc> roc(std::span<const uint32_t> drawn) const;

  std::vector<RankedPair> pairs_;  // by descending similarity
  Thresholds thresholds_;
  size_t folds_;
};

Resampler::Resampler(const PairScores& scores, const PeopleOfPairs& people, std::span<const uint16_t> fold,
                     PairScore score)
    : thresholds_(thresholds_of(scores, score)),
      folds_(fold.empty() ? 0 : size_t{*std::ranges::max_element(fold)} + 1) {
  const std::vector<double> similarity = scores.similarity(score);
  const std::vector<double>& distance = score == PairScore::cosine ? scores.squared_l2 : scores.distance;
  for (size_t i = 0; i < similarity.size(); ++i) {
    const auto [a, b] = people.of_pair[i];
    pairs_.push_back({.similarity = similarity[i],
                      .a = a,
                      .b = b,
                      .fold = fold.empty() ? uint16_t{0} : fold[i],
                      .first_accepting = static_cast<uint16_t>(thresholds_.first_accepting(distance[i])),
                      .same = scores.same[i] != 0});
  }
  std::ranges::stable_sort(pairs_, std::greater<>(), &RankedPair::similarity);
}

double Resampler::accuracy(std::span<const uint32_t> drawn) const {
  if (folds_ < 2) return undefined;
  std::vector<Acceptance> folds(folds_, Acceptance(thresholds_.count));
  for (const RankedPair& pair : pairs_) {
    folds[pair.fold].add(pair.same, pair.first_accepting, static_cast<int64_t>(pair.weight(drawn)));
  }
  Acceptance all(thresholds_.count);
  for (Acceptance& fold : folds) {
    fold.finish();
    all += fold;
  }
  std::vector<double> accuracies;
  for (const Acceptance& test : folds) {
    if (test.total() > 0) accuracies.push_back(test_fold(all, test).accuracy);
  }
  return accuracies.empty() ? undefined : mean_of(accuracies);
}

std::optional<Roc> Resampler::roc(std::span<const uint32_t> drawn) const {
  CurveWriter curve(pairs_.size());
  uint64_t reached[2] = {};  // [different, same]
  for (size_t i = 0; i < pairs_.size(); ++i) {
    reached[pairs_[i].same] += pairs_[i].weight(drawn);
    if (i + 1 < pairs_.size() && pairs_[i + 1].similarity == pairs_[i].similarity) continue;
    if (reached[0] + reached[1] > 0) curve.add(pairs_[i].similarity, reached[1], reached[0]);
    reached[0] = reached[1] = 0;
  }
  return curve.finish();
}

std::vector<double> Resampler::figures(std::span<const uint32_t> drawn) const {
  std::vector<double> figures(std::size(bootstrap_figures), undefined);
  figures[0] = accuracy(drawn);
  const std::optional<Roc> curve = roc(drawn);
  if (!curve) return figures;
  figures[1] = area_under(*curve);
  figures[2] = equal_error_rate(*curve);
  for (size_t i = 0; i < std::size(fmr_targets); ++i) figures[3 + i] = fnmr_at_fmr(*curve, fmr_targets[i]).tar();
  return figures;
}

void check(const PairScores& scores, std::span<const Pair> pairs, std::span<const uint16_t> fold) {
  if (scores.same.size() == pairs.size() && (fold.empty() || fold.size() == pairs.size())) return;
  throw Error(std::to_string(scores.same.size()) + " scores, " + std::to_string(pairs.size()) + " pairs and " +
              std::to_string(fold.size()) + " fold numbers do not belong together");
}

}  // namespace

Bootstrap bootstrap(const PairScores& scores, std::span<const Pair> pairs, std::span<const uint16_t> fold,
                    std::span<const uint32_t> identity, const BootstrapOptions& options, PairScore score) {
  check(scores, pairs, fold);
  const auto same = std::ranges::count_if(pairs, &Pair::same);
  if (options.replicates <= 0 || same == 0 || static_cast<size_t>(same) == pairs.size()) return {};
  if (pairs.size() > options.most_pairs) return {};

  const PeopleOfPairs people = identity.empty() ? people_of(pairs, joined_images(pairs)) : people_of(pairs, identity);
  const Resampler resampler(scores, people, fold, score);
  const auto replicates = static_cast<size_t>(options.replicates);
  Bootstrap result{.people = people.count, .known_identities = !identity.empty()};
  result.values.assign(std::size(bootstrap_figures), std::vector<double>(replicates));
  parallel_for(options.replicates, options.threads, [&](int64_t replicate) {
    const auto drawn = draw(people.count, options.seed, static_cast<uint64_t>(replicate));
    const std::vector<double> figures = resampler.figures(drawn);
    for (size_t i = 0; i < figures.size(); ++i) result.values[i][static_cast<size_t>(replicate)] = figures[i];
  });
  return result;
}

std::optional<Interval> percentile_interval(std::span<const double> values) {
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite), [](double value) { return std::isfinite(value); });
  if (finite.empty() || static_cast<double>(finite.size()) < 0.9 * static_cast<double>(values.size())) {
    return std::nullopt;
  }
  std::ranges::sort(finite);
  const auto quantile = [&](double share) {
    const double place = share * static_cast<double>(finite.size() - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, finite.size() - 1);
    return std::lerp(finite[below], finite[above], place - static_cast<double>(below));
  };
  return Interval{quantile(0.025), quantile(0.975)};
}

std::vector<double> differences(std::span<const double> before, std::span<const double> after) {
  if (before.size() != after.size()) {
    throw Error(std::to_string(before.size()) + " and " + std::to_string(after.size()) +
                " replicates cannot be compared in pairs");
  }
  std::vector<double> difference(before.size());
  std::ranges::transform(after, before, difference.begin(), std::minus<>());
  return difference;
}

}  // namespace facerec
