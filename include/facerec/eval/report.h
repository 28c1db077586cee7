// Evaluation results for scripts (JSON), for people (a table, a page) and for continuous integration.
//
// `eval --json` and a report's evaluation.json are a contract with scripts. Undefined is null, infinite "inf" or
// "-inf", rates are fractions, intervals are [low, high] and of 95 %. Keys may be added, never changed.
//
//     {"schema": 1,
//      "provenance": {"version", "time", "machine", "engine", "configuration": {…}},          see Provenance
//      "models": [{"path", "architecture", "identity", "label",
//                  "mean_accuracy", "mean_accuracy_under": {"lr4": …}}],                       by condition
//      "results": [RESULT, …],
//      "comparisons": [{"model", "baseline": 0, "data", "condition",                           see Comparison
//                       "figure": "accuracy" | "auc" | "eer" | "tar_at_far.1e-2" | …,
//                       "before", "after", "difference", "ci95", "significant"}],              null: not resampled
//      "mean_accuracy": …,                     over the data sets of the only model; null with several models
//      "predictions": {"file", "pairs", "same", "threshold", "score"},     only where eval was asked for decisions
//      "shortfalls": ["…"]}                    only where eval was given demands: what falls short of them
//
// A RESULT of any protocol:
//
//     {"model": 0,                             index into "models"
//      "data": "lfw",
//      "protocol": "verification" | "templates" | "identification" | "all_pairs",
//      "condition": {"id": "lr4+rcan", "name", "kind", "severity", "side", "restored_by"},     null: images as they are
//      "alignment": {"detector", "centred"},   centred: images without a face; null: crops were given
//      "data_identity": "…",                   SHA-256 over images and pairs; null: not computed
//      "failures": {…},                        what could not be processed and counts as an error, by kind
//      "groups": {"threshold", "threshold_source",                                             null: none were given
//                 "groups": [{"group", "same", "different", "fmr", "fmr_ci95", "fnmr", "fnmr_ci95"}],
//                 "across", "ungrouped",       pairs
//                 "spread": {"fmr": {"largest_by_smallest", "largest_by_geometric_mean"}, "fnmr": {…}}, "notes"},
//      "wrong_pairs": [{"same", "cosine", "images": [name, name]}],
//      "notes": ["…"]}
//
// "verification", "templates" and "all_pairs" compare pairs:
//
//     {"pairs": 6000, "same": 3000, "different": 3000,
//      "auc", "auc_ci95", "error_area", "eer", "eer_ci95",                                   ci95: null: not resampled
//      "tar_at_far":   {"1e-1" … "1e-6": {"value", "ci95", "threshold", "far", "supported"}},
//      "fnmr_at_fmr":  {"1e-1" … "1e-6": {"value", "ci95", "threshold", "fmr", "supported"}},    the same points
//      "distribution": {"low", "high", "same": [200 counts], "different": […], "decidability",
//                       "same_moments": {"mean", "std"}, "different_moments": {…}},
//      "error_curve":  {"threshold": […], "fnmr": […], "fmr": […]}}     see error_curve(); null: no cosine, or no ROC
//
// "verification" adds:
//
//     {"flip": "flip_sum" | "flip_concat" | "no_flip", "score": "cosine" | "euclidean",
//      "missing_pairs": 0, "folds": 10,
//      "accuracy":  {"mean", "std", "ci95", "bootstrap_ci95", "per_fold": […]},                ci95: Wilson's
//      "threshold": {"cosine", "squared_l2", "squared_l2_per_fold": […]},                      means over folds
//                   under "euclidean": {"cosine": null, "squared_l2": null, "distance", "distance_per_fold": […]}
//      "fixed_threshold": {"threshold", "from_test_scores", "accuracy", "fmr", "fnmr"},        null: not asked for
//      "val_at_far": {"1e-3": {"value", "std", "far", "supported"}},                           arcface_torch's VAL
//      "bootstrap": {"replicates", "people", "known_identities"},                              null: not resampled
//      "mean_norm", "zero_embeddings"}
//
// "templates" adds:
//
//     {"templates", "images", "tar_at_nearest_far": {"1e-1" … "1e-6": {"value", "far"}}}         insightface's rule
//
// "identification":
//
//     {"gallery": {"entries", "people", "distractors"}, "searches": {"mated", "nonmated"},
//      "rank1", "rank5", "rank10", "rank20", "cmc": […],                                       cmc: [rank − 1]
//      "dir_at_fpir": {"1e-1" … "1e-3": {"value", "threshold", "fpir", "fnir", "supported"}},
//      "open_set_curve": {"threshold": […], "fpir": […], "fnir": […]}}
//
// Thresholds are cosines; under "euclidean" those of "tar_at_far" and "fnmr_at_fmr" are minus the distance.
// "supported": see supports_rate(). A point that the pairs do not support is still given, and marked.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "facerec/eval/groups.h"
#include "facerec/eval/identification.h"
#include "facerec/eval/templates.h"
#include "facerec/eval/verification.h"

namespace facerec {

struct Figure;

struct ModelInfo {
  std::string path = "", architecture = "";
  std::string identity = "";  // SHA-256 in hexadecimal
  std::string label = "";     // what tables and plots call the model; "": the path
};

// How photographs became crops on their way into an evaluation.
struct AlignmentInfo {
  std::string detector = "";
  size_t centred = 0;  // images without a face, cut out of their centre
};

// How images were changed before they were embedded: "how good is it when they are worse?"
struct Condition {
  std::string name = "";         // in tables: "LR ×4", "LR ×4 + rcan", "blur 2"; "": as they are
  std::string kind = "";         // low_res | blur | noise | jpeg | occlusion | dark
  double severity = 0;           // of low_res the factor
  std::string side = "";         // both | first image of each pair
  std::string restored_by = "";  // what brought low_res back: bicubic, or a super-resolution network
  bool operator==(const Condition&) const = default;
};
// Names a condition in evaluation.json and in requirements: "lr4", "lr4+rcan", "lr8-first", "blur2"; "" for none. What
// lists and JSON pointers are written with ("," "=" "/" " ") is replaced by "_".
std::string condition_id(const Condition& condition);

// A pair that the model got wrong, to be looked at.
struct WrongPair {
  bool same = false;
  double cosine = 0;
  std::string name_a = "", name_b = "";
  std::vector<std::byte> image_a = {}, image_b = {};  // JPEG or PNG, as they were embedded
};

struct ReportEntry {
  size_t model = 0;       // index into Report::models
  std::string data = "";  // name of the data set
  // The last is of all pairs.
  std::variant<VerificationResult, TemplateResult, IdentificationResult, ComparisonFigures> result = {};
  Condition condition = {};
  std::optional<AlignmentInfo> alignment = {};
  std::string data_identity = {};  // SHA-256 over the images and pairs; "": not computed
  std::optional<GroupReport> groups = {};
  std::vector<WrongPair> wrong = {};

  // REQUIRES: it is one.
  const VerificationResult& verification() const { return std::get<VerificationResult>(result); }
};

// How much better or worse than the first model another is, on the same pairs.
struct Comparison {
  size_t model = 0;  // compared with model 0
  std::string data = "";
  Condition condition = {};
  std::string figure = "";            // of bootstrap_figures
  double before = 0, after = 0;       // the first model's, this model's
  std::optional<Interval> ci95 = {};  // of the difference, paired bootstrap over people; nullopt: not resampled, not of
                                      // the same pairs, or undefined too often
  double difference() const { return after - before; }
  bool significant() const { return ci95 && (ci95->low > 0 || ci95->high < 0); }
};

// What a figure rests on.
struct Provenance {
  std::string version = "";                                                 // of facerec
  std::string time = "";                                                    // ISO 8601, UTC
  std::string machine = "";                                                 // processor, cores, system
  std::string engine = "";                                                  // what computed
  nlohmann::ordered_json configuration = nlohmann::ordered_json::object();  // the options of the evaluation
};

struct Report {
  std::vector<ModelInfo> models = {};
  std::vector<ReportEntry> results = {};
  Provenance provenance = {};
};

// The mean of the accuracies of one model over its verification sets under a condition; nullopt when it has none.
std::optional<double> mean_accuracy(const Report& report, size_t model, const Condition& condition = {});

// Of every model but the first with the first: accuracy, AUC, EER and the TAR that the pairs support, on every
// verification set that both were evaluated on.
std::vector<Comparison> compare_models(const Report& report);

nlohmann::ordered_json to_json(const Report& report);

// One row a data set and model, in UTF-8, lines ended by '\n'. Results of several models on one data set stand
// together, so that before and after can be compared; the mean over data sets follows.
std::string to_text(const Report& report);

// evaluation.txt as SNU_FaceRecognition writes it, a line for each data set ("LFW : 0.9917") and then the mean ("Avg"),
// for each model and condition.
std::string to_plain_text(const Report& report);

// One HTML page without anything from outside: tables, figures as SVG, wrong pairs as data URIs. Its numbers are those
// of to_json().
std::string to_html(const Report& report);

// Every figure of the page, under a name for files: roc, det, error_curve, scores, open_set, cmc, accuracy_low_res …,
// with several models scores_1 …, with several data sets roc_lfw …
void for_figures(const Report& report, const std::function<void(const std::string& name, const Figure&)>& work);

// What a CI job asks for. `figure`: "lfw.accuracy", "lfw.tar_at_far.1e-3", "tinyface.rank1", "mean_accuracy": a path
// into the result of that data set, whose objects stand for their "mean" or "value"; "lfw@lr4.accuracy" under a
// condition. Of errors (eer, error_area, fnmr…, fnir…) the bound is the most that is allowed.
struct Requirement {
  std::string figure = "";
  double bound = 0;
};
// "lfw.accuracy=0.99,cfp_fp.accuracy=0.95", or a number alone: mean_accuracy. Throws a usage Error.
std::vector<Requirement> parse_requirements(const std::string& text);

// Before hours of work: throws a usage Error for a figure of a data set that is none of `subjects` ("lfw", "lfw@lr4"),
// and for one of which neither more nor less is better, such as a threshold.
void check_requirements(const std::vector<Requirement>& requirements, std::span<const std::string> subjects);

// Likewise: throws Error for another schema or form, and for several models.
void check_baseline(const nlohmann::ordered_json& baseline);

// What falls short, one sentence each, for every model; throws a usage Error for a figure that the report does not
// have.
std::vector<std::string> shortfalls(const nlohmann::ordered_json& report, const std::vector<Requirement>& requirements);

// What is worse than in an earlier evaluation.json by more than `tolerance`: every figure of bootstrap_figures and
// every rank and DIR that both have and support, by data set and condition. One model is compared with one. Throws
// Error for another schema, and when the two have no data set in common.
std::vector<std::string> regressions(const nlohmann::ordered_json& report, const nlohmann::ordered_json& baseline,
                                     double tolerance);

}  // namespace facerec
