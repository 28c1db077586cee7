// Confidence intervals, and intervals of the difference of two models, by resampling people.
//
// Comparisons that share a person are not independent, so people are drawn with replacement, not pairs: in a replicate
// a pair of one person weighs w(person), a pair of two w(person a) · w(person b), w being how often each was drawn (the
// subset bootstrap, Bolle, Ratha and Pankanti 2004; Poh, Martin and Bengio 2007). Where the data set does not tell
// identities, the images that genuine pairs join are one person, every other image is a person of its own.
//
// Intervals err on the wide side, since products of weights count the noise of single comparisons of two people up to
// three times (Owen 2007): in simulations with 150 people those of 95 % held the true AUC in 98 % of samples.
//
// The same seed and pairs give the same weights whatever the scores, so that replicates of two models are paired: the
// difference of their values is the paired bootstrap.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/eval/kfold.h"
#include "facerec/eval/scores.h"

namespace facerec {

// What is resampled, by the names in evaluation.json.
inline constexpr std::string_view bootstrap_figures[] = {"accuracy",
                                                         "auc",
                                                         "eer",
                                                         "tar_at_far.1e-1",
                                                         "tar_at_far.1e-2",
                                                         "tar_at_far.1e-3",
                                                         "tar_at_far.1e-4",
                                                         "tar_at_far.1e-5",
                                                         "tar_at_far.1e-6"};

struct BootstrapOptions {
  int replicates = 1000;  // 0: none
  uint64_t seed = 1;
  int threads = 0;
  uint64_t most_pairs = 1'000'000;  // more pairs are not resampled: the work is pairs · replicates
};

struct Bootstrap {
  size_t people = 0;
  bool known_identities = false;                 // as the data set tells them; else as genuine pairs join images
  std::vector<std::vector<double>> values = {};  // [figure of bootstrap_figures][replicate]; NaN where it is undefined
  bool empty() const { return values.empty(); }
};

// identity: of each image that pairs name, any numbers; empty: not known. `fold`: as kfold_accuracy(); empty: no
// accuracy. Thresholds of the accuracy are chosen anew in each replicate; under PairScore::euclidean they are 1000 even
// steps over the distances of all pairs. Empty with one kind of pair, and beyond `most_pairs`. Throws Error when the
// sizes do not fit each other.
Bootstrap bootstrap(const PairScores& scores, std::span<const Pair> pairs, std::span<const uint16_t> fold,
                    std::span<const uint32_t> identity, const BootstrapOptions& options,
                    PairScore score = PairScore::cosine);

// The 2.5 % and 97.5 % quantiles of the finite values, interpolated linearly (numpy.percentile); nullopt when fewer
// than 90 % of the values are finite.
std::optional<Interval> percentile_interval(std::span<const double> values);

// after − before of each replicate; both must be of the same pairs and seed. Throws Error when their numbers differ.
std::vector<double> differences(std::span<const double> before, std::span<const double> after);

}  // namespace facerec
