// Evaluating models on evaluation sets: what eval, train and finetune share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "facerec/data/pairs.h"
#include "facerec/eval/report.h"
#include "facerec/infer/engine.h"
#include "facerec/recognize/embed.h"

namespace facerec {

// open_evaluation_sets(), with a warning for the pairs that are left out.
std::vector<PairSet> open_pair_sets(const std::string& name, const std::string& path, const std::string& pairs,
                                    bool skip_missing);

// Throws a usage Error when two sets have one name, or a name cannot be part of a file's.
void check_names(const std::vector<PairSet>& sets);

// The folds of the file; a single fold, or a list without folds, is cut into ten. Throws when there are too few pairs.
std::vector<uint16_t> folds_of(const PairSet& set);

// Throws Error naming the set and `path`, where it comes from, when it has too few pairs for folds_of().
void check_folds(const PairSet& set, const std::string& path);

struct EvaluationOptions {
  EmbeddingRule rule = EmbeddingRule::flip_sum;
  EmbedOptions embed;
  bool skip_broken = false;  // leave out pairs of images that cannot be read
};

VerificationResult evaluate(Engine& engine, const PairSet& set, const EvaluationOptions& options);

struct OpenModel {
  ModelInfo info;
  std::unique_ptr<Engine> engine;
};

// What --model names; see find_model(). `label`: what tables call it; "": the name of the run, or what --model says.
OpenModel open_model(const std::string& model, const EngineOptions& options, const std::string& label = "");

// An untrained network of the first model's architecture, and grey pixels of its input size.
void add_baselines(std::vector<OpenModel>& models, const EngineOptions& options);

// Every model on every set.
Report evaluate_all(std::vector<OpenModel>& models, const std::vector<PairSet>& sets, const EvaluationOptions& options);

// evaluation.json, evaluation.txt, roc.svg and roc.png in `folder`, which is made. The text of the table is returned.
std::string write_report(const Report& report, const fs::path& folder);

}  // namespace facerec
