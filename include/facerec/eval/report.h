// Evaluation results for scripts (JSON) and for people (a table).
//
// `eval --json` and a run's evaluation.json, a contract with scripts. Undefined is null, infinite "inf" or "-inf",
// rates are fractions, thresholds say of which score. Keys may be added, never changed:
//
//     {"schema": 1,
//      "models": [{"path", "architecture", "identity", "label", "mean_accuracy"}],
//      "results": [{"model": 0,                  index into "models"
//                   "data": "lfw", "protocol": "verification", "flip": "flip_sum" | "flip_concat" | "no_flip",
//                   "pairs": 6000, "same": 3000, "different": 3000, "missing_pairs": 0, "folds": 10,
//                   "alignment": {"detector", "centred"},   centred: images without a face; null: crops were given
//                   "accuracy": {"mean", "std", "ci95": [low, high], "per_fold": […]},
//                   "threshold": {"cosine", "squared_l2", "squared_l2_per_fold": […]},  means over folds
//                   "auc", "eer",
//                   "tar_at_far":   {"1e-1" … "1e-6": {"value", "threshold", "far", "supported"}},   cosine threshold
//                   "fnmr_at_fmr":  {"1e-1" … "1e-6": {"value", "threshold", "fmr", "supported"}},   the same points
//                   "val_at_far":   {"1e-3": {"value", "std", "far", "supported"}},                 arcface_torch's VAL
//                   "mean_norm", "zero_embeddings", "notes": ["…"]}],
//      "mean_accuracy": …}                       over the data sets of the only model; null with several models
//
// "supported": see supports_rate(). A point that the pairs do not support is still given, and marked.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "facerec/eval/verification.h"

namespace facerec {

struct ModelInfo {
  std::string path, architecture;
  std::string identity;  // SHA-256 in hexadecimal
  std::string label;     // what tables and plots call the model; "": the path
};

// How photographs became crops on their way into an evaluation.
struct AlignmentInfo {
  std::string detector;
  size_t centred = 0;  // images without a face, cut out of their centre
};

struct ReportEntry {
  size_t model = 0;  // index into Report::models
  std::string data;  // name of the data set
  VerificationResult verification;
  std::optional<AlignmentInfo> alignment = {};
};

struct Report {
  std::vector<ModelInfo> models;
  std::vector<ReportEntry> results;
};

// The mean of the accuracies of one model over its data sets; nullopt when it has none.
std::optional<double> mean_accuracy(const Report& report, size_t model);

nlohmann::ordered_json to_json(const Report& report);

// One row a data set and model, in UTF-8, lines ended by '\n'. Results of several models on one data set stand
// together, so that before and after can be compared; the mean over data sets follows.
std::string to_text(const Report& report);

}  // namespace facerec
