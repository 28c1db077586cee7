#include "tools/run/evaluation.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "facerec/core/error.h"

namespace facerec {

std::vector<PairSet> open_pair_sets(const std::string& name, const std::string& path, const std::string& pairs,
                                    bool skip_missing, const PairLabels& labels) {
  std::vector<PairSet> sets = open_evaluation_sets(path, pairs, name, skip_missing, labels);
  for (const PairSet& set : sets) {
    if (set.missing > 0) spdlog::warn("{}: {} pairs are left out, their images are absent", set.name, set.missing);
    if (set.repeated > 0) spdlog::warn("{}: {} pairs are there more than once", set.name, set.repeated);
  }
  return sets;
}

std::vector<uint16_t> folds_of(const PairSet& set) {
  const bool has_folds = std::any_of(set.fold.begin(), set.fold.end(), [](uint16_t fold) { return fold > 0; });
  return has_folds ? set.fold : interleaved_folds(set.pairs);
}

void check_folds(const PairSet& set, const std::string& path) {
  try {
    folds_of(set);
  } catch (const Error& error) {
    throw Error(fmt::format("the evaluation set '{}' is too small: {}", set.name, error.message())).file(path);
  }
}

void check_names(const std::vector<std::string>& names) {
  std::set<std::string> known;
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) throw Error::usage("the name of a data set cannot hold a slash: " + name);
    if (!known.insert(name).second) {
      throw Error::usage("two data sets are called '" + name + "'")
          .hint("give each a name of its own: --data NAME=PATH, or validation.data.N.name in a configuration");
    }
  }
}

std::shared_ptr<const Dataset> EvaluationSet::images() const {
  return std::visit([](const auto& set) -> std::shared_ptr<const Dataset> { return set.images; }, protocol);
}

void EvaluationSet::set_images(std::shared_ptr<const Dataset> images) {
  std::visit([&](auto& set) { set.images = std::move(images); }, protocol);
}

EvaluationSet evaluation_set(PairSet set) {
  std::string name = set.name;
  return {std::move(name), std::move(set)};
}

namespace {

// A run is called by its folder's name, another model as the user named it.
std::string label_of(const fs::path& model, const fs::path& file) {
  const fs::path folder = model.filename().empty() ? model.parent_path() : model;
  if (fs::exists(folder / "checkpoints")) return folder.filename().string();
  return text_of(model.empty() ? file : model);
}

}  // namespace

OpenModel open_model(const std::string& model, const EngineOptions& options, const std::string& label) {
  const fs::path file = find_model(model);
  if (model.empty()) spdlog::info("model: {}", text_of(file));
  OpenModel open{{}, open_engine(file, options)};
  open.info.path = text_of(file);
  open.info.architecture = open.engine->spec().architecture;
  open.info.identity = open.engine->identity();
  open.info.label = label.empty() ? label_of(model, file) : label;
  return open;
}

void add_baselines(std::vector<OpenModel>& models, const EngineOptions& options) {
  const ModelSpec spec = models.front().engine->spec();
  auto add = [&](const std::string& label, std::unique_ptr<Engine> engine) {
    ModelInfo info;
    info.architecture = engine->spec().architecture;
    info.identity = engine->identity();
    info.label = label;
    models.push_back({info, std::move(engine)});
  };
  add("untrained", untrained_engine(spec, options));
  add("grey pixels", pixel_engine(spec.preprocess));
}

Report evaluate_all(std::vector<OpenModel>& models, const std::vector<EvaluationSet>& sets,
                    const std::vector<Variant>& variants, const EvaluationOptions& options) {
  Report report;
  for (OpenModel& model : models) {
    EvaluationOptions own = options;
    if (model.info.path.empty()) own.wrong_pairs = 0;  // of a baseline they say nothing
    for (const EvaluationSet& set : sets) {
      for (const Variant& variant : variants) {
        report.results.push_back(evaluate(*model.engine, set, variant, own));
        report.results.back().model = report.models.size();
      }
    }
    report.models.push_back(model.info);
    const Computation done = model.engine->computation();
    if (done.engine.empty()) continue;
    spdlog::info("{}: computed by {} on {} in {}", model.info.label, done.engine, done.device, done.precision);
  }
  return report;
}

}  // namespace facerec
