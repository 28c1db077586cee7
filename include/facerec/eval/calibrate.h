// Thresholds for wanted error rates, from the embeddings of a data set whose identities are known.
//
// FMR: all pairs of images of different identities, or those that a list names. FNMR: all pairs of one identity.
// FPIR: the identities are drawn into as many galleries of N people as there are, of templates as galleries make them;
// every image is a search in each gallery that its identity is not in. No comparison is used twice for one N, so that
// the number of searches says what they can tell. Sizes are 1, 10, 100 … up to half of the identities, that half, and
// the size asked for. FNIR: searches for an image among the other images of its identity; an image that another
// person's template outdoes counts as found.
//
// Comparisons that share a person are not independent. The variance of a rate is therefore the dyadic cluster-robust
// one, which counts the covariance of all comparisons with a person in common (Aronow, Samii and Assenova, Political
// Analysis 2015; for biometrics Schuckers 2010), of FNMR the cluster-robust one by person. A subject bootstrap would
// be a second way; over pairs it counts the noise of single comparisons up to three times (Owen 2007). The interval of
// the rate is Wilson's with the number of independent trials of equal variance; that of the threshold joins the
// thresholds where the measured rate meets its ends (Woodruff, JASA 1952). In simulations with 60 to 150 people it
// holds the truth 90 (where people differ much in how often they are taken for others) to 97 % of the time.
//
// Nothing is drawn at random but the galleries and, of more than a million trials, those that the intervals are
// computed from; the same data give the same calibration, whatever the threads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/infer/calibration.h"

namespace facerec {

struct LabelledEmbeddings {
  size_t dimension = 0;
  std::vector<float> rows = {};         // [images, dimension] of unit length
  std::vector<float> quality = {};      // weight in a template: the norm before
  std::vector<uint32_t> identity = {};  // of each image

  size_t size() const { return identity.size(); }
};

struct CalibrateOptions {
  std::vector<double> fmr = {1e-4};  // 0 … 0.5; the first becomes Calibration::default_fmr
  std::vector<double> fpir = {};
  int64_t gallery_size = 0;  // that `fpir` is wanted for; 0: every size that is measured
  int threads = 0;
};

// `done` of `total` rows of comparisons.
using CalibrateProgress = std::function<void(int64_t done, int64_t total)>;

// What names model and data (model, architecture, rule, data) is left to the caller. Memory: 20 MB a gallery size and
// some MB a thread, whatever the number of comparisons. Throws a usage Error for a rate outside 0 … 0.5, and an Error
// when there are fewer than 600 impostor comparisons, of which the tail could not be measured.
Calibration calibrate(const LabelledEmbeddings& faces, const CalibrateOptions& options,
                      const CalibrateProgress& progress = {});

// From listed comparisons alone; searches are then derived. Of images without known identities (`identities` 0), each
// counts as a person.
Calibration calibrate_pairs(const LabelledEmbeddings& faces, std::span<const Pair> pairs,
                            const CalibrateOptions& options);

// A table of what was asked for, and what a reader must know of it; UTF-8, lines ended by '\n'.
std::string to_text(const Calibration& calibration);

}  // namespace facerec
