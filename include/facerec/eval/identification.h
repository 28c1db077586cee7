// Identification, 1:N: closed set (CMC, rank-k) and open set (FPIR, FNIR, DIR), as ISO/IEC 19795-1 defines them.
//
// A search is mated when the gallery is meant to hold its person. FPIR(T): the share of non-mated searches with a
// candidate of score ≥ T. FNIR(R, T): the share of mated searches whose mate is not within rank R with a score ≥ T.
// TPIR = DIR = 1 − FNIR at R = 1. What could not be processed counts: a mated probe that failed, or whose mate failed
// to be enrolled, is a miss at every rank and threshold; a non-mated probe that failed gives no false positive.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace facerec {

inline constexpr double fpir_targets[] = {1e-1, 1e-2, 1e-3};
inline constexpr int32_t distractor = -1;  // the identity of gallery entries that are nobody's mate

struct SearchRows {
  std::span<const float> rows;        // [n, dimension] of unit length; zero where an image failed
  std::span<const int32_t> identity;  // of each row; distractor: of nobody that is searched for
};

struct IdentificationOptions {
  // TinyFace's ranks: over gallery images, a hit when any of the best k is of the person. Else ranks are over people,
  // each scored by the best of their entries.
  bool rank_entries = false;
  int max_rank = 100;  // of the CMC
  int threads = 0;
};

struct FpirPoint {
  double target = 0;
  double threshold = 0;       // the smallest top score of any search with FPIR ≤ target; +infinity when there is none
  double fpir = 0, fnir = 1;  // FNIR at rank 1
  bool supported = false;     // supports_rate() of the non-mated searches
  double dir() const { return 1 - fnir; }
};

struct FpirCurvePoint {
  double threshold = 0, fpir = 0, fnir = 0;
};

struct IdentificationResult {
  uint64_t gallery = 0, people = 0, distractors = 0;  // entries, identities among them, entries of nobody
  uint64_t mated = 0, nonmated = 0;                   // searches
  uint64_t failed_gallery = 0, failed_probes = 0;     // zero rows
  std::vector<double> cmc = {};         // [rank − 1], up to max_rank or the gallery; empty without mated searches
  std::vector<FpirPoint> at_fpir = {};  // for fpir_targets; empty without mated or without non-mated searches
  // Descending thresholds, FNIR at rank 1; at most 2000 points; empty with `at_fpir`.
  std::vector<FpirCurvePoint> curve = {};
  std::vector<std::string> notes = {};
};

// Ties keep gallery order: the mate comes after entries of equal score before it. Cosines are computed in float, as
// galleries are searched. Throws Error when the gallery or the probes are empty, for a row that is not finite, and when
// sizes do not fit each other.
IdentificationResult evaluate_identification(const SearchRows& gallery, const SearchRows& probes, size_t dimension,
                                             const IdentificationOptions& options = {});

}  // namespace facerec
