// Thresholds for wanted error rates, measured with one model on one data set. Free of LibTorch.
//
// A comparison matches when its cosine is ≥ the threshold. FMR and FNMR are rates of comparisons; FPIR is the rate of
// searches with a stranger that return anybody, and depends on how many people the gallery holds (ISO/IEC 19795-1).
//
// A calibration is kept as JSON, in a file of its own or under the key "calibration" of a model's metadata, of which
// the model's identity does not depend. A contract with scripts; keys may be added, never changed:
//
//     {"schema": 1, "kind": "calibration",
//      "model",                              identity, see Engine::identity(); preprocessing is part of it
//      "architecture",                       for people
//      "flip": "no_flip" | "flip_sum" | "flip_concat",
//      "data",                               name of the data set
//      "images", "identities",               identities 0: the set does not name them
//      "genuine", "impostor",                comparisons
//      "default_fmr",                        what verify decides by: the first that was asked for
//      "default_fpir",                       what identify decides by; null: none was asked for
//      "wanted": [{"fmr" | "fpir", "gallery_size",      gallery_size with fpir alone
//                  "threshold": {"cosine", "squared_l2", "cosine_ci95": [low, high], "supported", "derived"},
//                  "fnmr" | "fnir": {"value", "ci95": [low, high]}}],    null without genuine comparisons
//      "fmr": TAIL,
//      "fpir": [{"gallery_size", …TAIL}]}    by rising size
//
//     TAIL: {"trials",                       comparisons or searches with strangers
//            "scale": [value, low, high],
//            "points": [[rate, cosine, low, high], …]}    falling rates; see ImpostorTail
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/infer/embeddings.h"

namespace facerec {

struct Threshold {
  double cosine = 0;
  double low = 0, high = 0;  // 95 % confidence interval of the cosine
  bool supported = true;     // false: beyond what the calibration's comparisons can tell (rule of 30), extrapolated
  bool derived = false;  // from another gallery size, or from single comparisons, as if comparisons were independent

  double squared_l2() const { return 2 - 2 * cosine; }  // of unit vectors; a match is ≤
};

// How often strangers reach a cosine: a survival function, from half of them down to the smallest rate that the trials
// support (rule of 30: 30 / trials).
struct ImpostorTail {
  struct Point {
    double rate = 0;
    double cosine = 0;  // the smallest threshold that at most this share of the trials reaches
    double low = 0, high = 0;
  };
  int64_t gallery_size = 0;  // of searches, each of which counts with its best cosine; 0: comparisons of two images
  uint64_t trials = 0;
  std::vector<Point> points = {};  // falling rates, rising cosines; at least one
  // Mean excess over a threshold that 300 trials reach: the maximum-likelihood scale of an exponential tail. For
  // tails lighter than exponential, as the normal one, it is too large, and extrapolation errs towards refusing.
  double scale = 0, scale_low = 0, scale_high = 0;

  // Between points by straight lines over log(rate); below the last point cosine + scale · ln(last rate / rate), at
  // most 1, marked as unsupported; above the first rate as at it.
  Threshold at(double rate) const;
};

// A rate that was asked for, and what it costs.
struct CalibratedRate {
  double rate = 0;
  int64_t gallery_size = 0;  // of an FPIR; 0: it is an FMR
  Threshold threshold = {};
  std::optional<double> missed = {};  // FNMR or FNIR: share of the genuine that stay below the threshold
  double missed_low = 0, missed_high = 0;
};

// What `facerec calibrate` found.
struct Calibration {
  std::string model = {}, architecture = {};
  EmbeddingRule rule = EmbeddingRule::no_flip;
  std::string data = {};
  uint64_t images = 0, identities = 0, genuine = 0, impostor = 0;
  double default_fmr = 1e-4;
  std::optional<double> default_fpir = {};
  ImpostorTail fmr = {};
  std::vector<ImpostorTail> fpir = {};  // by rising gallery size
  std::vector<CalibratedRate> wanted = {};

  // Both throw a usage Error for a rate that is not above 0 and below 1.
  Threshold at_fmr(double rate) const;

  // Between two gallery sizes that were measured: straight lines over log(size). In a gallery of n people, more than
  // were measured (m): the threshold that a share 1 − (1 − rate)^(m/n) of the searches among m reaches, as if the n
  // were n/m independent galleries; marked as derived and unsupported. Where no searches were measured, the same from
  // single comparisons (m = 1). Never falls with growing size. An empty gallery counts as one of 1.
  Threshold at_fpir(double rate, int64_t gallery_size) const;
};

nlohmann::ordered_json to_json(const Calibration& calibration);

// Throws Error for what is no calibration, is damaged or of a newer version.
Calibration parse_calibration(std::string_view json);

// The calibration in the file `path` or, where that is a model's .safetensors, in its metadata; nullopt: it has none.
// Throws Error naming the file when it is damaged, or is JSON of another kind.
std::optional<Calibration> find_calibration(const fs::path& path);

// Throws a usage Error naming both, and `path` where the calibration is from, unless it is of this model and rule.
void check_calibration(const Calibration& calibration, const fs::path& path, const std::string& model,
                       EmbeddingRule rule);

// Throws a usage Error unless the model's file can carry a calibration: is a .safetensors.
void check_can_carry_calibration(const fs::path& model);

// Writes it into the metadata of a model's file that can carry one, in place of an earlier one; the file is rewritten,
// whole or not at all.
void write_into_model(const fs::path& model, const Calibration& calibration);

}  // namespace facerec
