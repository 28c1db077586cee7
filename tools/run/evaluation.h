// Evaluating models on evaluation sets: what eval, train and finetune share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/data/protocols.h"
#include "facerec/eval/report.h"
#include "facerec/infer/engine.h"
#include "facerec/recognize/aligned_set.h"
#include "facerec/recognize/degraded_set.h"
#include "facerec/recognize/embed.h"
#include "facerec/recognize/embedding_cache.h"

namespace facerec {

// open_evaluation_sets(), with a warning for the pairs that are left out.
std::vector<PairSet> open_pair_sets(const std::string& name, const std::string& path, const std::string& pairs,
                                    bool skip_missing, const PairLabels& labels = {});

// Throws a usage Error when two sets have one name, or a name cannot be part of a file's.
void check_names(const std::vector<std::string>& names);

// The folds of the file; a single fold, or a list without folds, is cut into ten. Throws when there are too few pairs.
std::vector<uint16_t> folds_of(const PairSet& set);

// Throws Error naming the set and `path`, where it comes from, when it has too few pairs for folds_of().
void check_folds(const PairSet& set, const std::string& path);

struct AllPairsSet {
  std::shared_ptr<const Dataset> images;
};

// A data set of an evaluation, whatever its protocol.
struct EvaluationSet {
  std::string name;
  std::variant<PairSet, TemplateSet, SearchSet, AllPairsSet> protocol;
  std::shared_ptr<const AlignedSet> aligned = {};     // where photographs are aligned on the way,
  std::string detector = {}, detector_identity = {};  // by this; with the digests of its weights
  std::string identity = {};  // content_identity() of the images as they are stored; "": unknown

  std::shared_ptr<const Dataset> images() const;
  void set_images(std::shared_ptr<const Dataset> images);
};

EvaluationSet evaluation_set(PairSet set);

// The images of a set as they are, or degraded.
struct Variant {
  Condition condition = {};
  Degradation degradation = {};
};

inline constexpr size_t wrong_pairs_shown = 12;  // of each kind, in a report

struct EvaluationOptions {
  VerificationOptions verification = {};  // `identity` is taken from the set
  EmbedOptions embed = {};                // `flip` and `strict` are taken from what follows
  bool skip_broken = false;               // leave out pairs of images that cannot be read
  int threads = 0;
  const EmbeddingCache* cache = nullptr;
  nlohmann::ordered_json made_with = {};  // what embeddings depend on beside model, data and variant: for the cache
  const Groups* groups = nullptr;
  size_t wrong_pairs = 0;  // of each kind, to be looked at
};

struct OpenModel {
  ModelInfo info;
  std::unique_ptr<Engine> engine;
};

// What --model names; see find_model(). `label`: what tables call it; "": the name of the run, or what --model says.
OpenModel open_model(const std::string& model, const EngineOptions& options, const std::string& label = "");

// An untrained network of the first model's architecture, and grey pixels of its input size.
void add_baselines(std::vector<OpenModel>& models, const EngineOptions& options);

// One model on one set. ReportEntry::model is left 0.
ReportEntry evaluate(Engine& engine, const EvaluationSet& set, const Variant& variant,
                     const EvaluationOptions& options);

// Every model on every set, under every variant.
Report evaluate_all(std::vector<OpenModel>& models, const std::vector<EvaluationSet>& sets,
                    const std::vector<Variant>& variants, const EvaluationOptions& options);

// The scores of the pairs of a set, for predictions: nothing but the embeddings is asked of it.
PairScores score_set(Engine& engine, const EvaluationSet& set, const EvaluationOptions& options);

// evaluation.json with `json`, which is to_json() and perhaps more; evaluation.txt, report.html and the figures. What
// an earlier report left in `folder` is removed first; evaluation.json comes last.
void write_report(const Report& report, const nlohmann::ordered_json& json, const fs::path& folder);

// Of this machine and version, now.
Provenance provenance(const std::vector<OpenModel>& models, nlohmann::ordered_json configuration);

}  // namespace facerec
