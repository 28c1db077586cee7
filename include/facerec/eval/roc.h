// Error rates over all thresholds of a similarity score, in the terms of ISO/IEC 19795-1: a comparison matches when its
// score is ≥ the threshold; FMR is the share of different ("impostor") pairs that match, FNMR the share of same
// ("genuine") pairs that do not. TAR = 1 − FNMR and FAR = FMR are the names of the face-recognition papers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace facerec {

// The empirical ROC. Point 0 has the threshold +infinity and accepts nothing; then one point for every distinct score,
// descending; the last accepts everything. Counts are kept, so that rates are exact.
struct Roc {
  std::vector<double> threshold = {};
  std::vector<uint64_t> matched_same = {}, matched_different = {};
  uint64_t same = 0, different = 0;  // both > 0

  size_t size() const { return threshold.size(); }
  double fmr(size_t i) const { return static_cast<double>(matched_different[i]) / static_cast<double>(different); }
  double tar(size_t i) const { return static_cast<double>(matched_same[i]) / static_cast<double>(same); }
  double fnmr(size_t i) const { return static_cast<double>(same - matched_same[i]) / static_cast<double>(same); }
};

// nullopt when there are no same or no different pairs. Throws Error for a NaN score (naming the pair) and when the
// lengths differ. Large lists are sorted in two threads.
std::optional<Roc> roc_curve(std::span<const double> scores, std::span<const uint8_t> same);

// Counts scores of [−1, 1] as they come, in memory that does not grow with their number (16 MB): for 10^8 comparisons
// and more. Thresholds are then the lower edges of 2^20 equal parts (1.9e-6 wide), and rates at them are exact. Not
// thread-safe; merge() joins what threads have counted.
class RocAccumulator {
 public:
  RocAccumulator();
  void add(double score, bool same, uint64_t count = 1);  // throws Error for NaN; clamps to the range
  void merge(const RocAccumulator& other);
  std::optional<Roc> finish() const;  // nullopt as roc_curve(); a point for each part that holds scores

 private:
  std::vector<uint64_t> counts_[2];  // [different, same]
};

// Area under the ROC: the chance that a same pair scores higher than a different pair, ties counting half
// (Mann-Whitney; equal to scikit-learn's roc_auc_score).
double area_under(const Roc& roc);

// Area under the error curve, FMR over FNMR (FAR against FRR; BITSdrive's "AUC", nearer 0 is better): the trapezoid
// over all points. 1 − area_under(), computed in whole numbers.
double error_area(const Roc& roc);

// Equal error rate: the root of 1 − x − TAR(x), where TAR(x) joins the points of the ROC by straight lines.
double equal_error_rate(const Roc& roc);

// FNMR at a wanted FMR.
struct OperatingPoint {
  double target = 0;     // the FMR wanted
  double threshold = 0;  // the smallest observed score with FMR ≤ target; +infinity when there is none
  double fmr = 0;        // reached at the threshold
  double fnmr = 1;
  double tar() const { return 1 - fnmr; }
};

OperatingPoint fnmr_at_fmr(const Roc& roc, double target);

// Whether `different` impostor pairs can support an error rate: the rule of 30 (Doddington et al. 2000). With 30 errors
// one is 90 % sure that the true rate lies within ±30 % of the observed one, so different · rate ≥ 30 is asked. The
// weaker rule of 3 only bounds a rate at which no error was seen; it does not say where to put a threshold. LFW's 3,000
// impostor pairs support FMR 1e-2, not 1e-3.
bool supports_rate(uint64_t different, double rate);

// Both rates at a threshold given from outside. nullopt: there are no pairs of that kind. Throws as roc_curve() does.
struct ErrorRates {
  std::optional<double> fmr = {}, fnmr = {};
};
ErrorRates error_rates(std::span<const double> scores, std::span<const uint8_t> same, double threshold);

}  // namespace facerec
