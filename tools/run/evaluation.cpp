#include "tools/run/evaluation.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/eval/plot.h"

namespace facerec {
namespace {

void add_curves(const Report& report, const std::string& data, std::vector<RocSeries>& curves) {
  for (const ReportEntry& entry : report.results) {
    if (entry.data != data || !entry.verification.roc) continue;
    curves.push_back({report.models[entry.model].label, &*entry.verification.roc});
  }
}

}  // namespace

std::vector<PairSet> open_pair_sets(const std::string& name, const std::string& path, const std::string& pairs,
                                    bool skip_missing) {
  std::vector<PairSet> sets = open_evaluation_sets(path, pairs, name, skip_missing);
  for (const PairSet& set : sets) {
    if (set.missing > 0) spdlog::warn("{}: {} pairs are left out, their images are absent", set.name, set.missing);
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

void check_names(const std::vector<PairSet>& sets) {
  std::set<std::string> names;
  for (const PairSet& set : sets) {
    if (set.name.find('/') != std::string::npos)
      throw Error::usage("the name of a data set cannot hold a slash: " + set.name);
    if (!names.insert(set.name).second) {
      throw Error::usage("two data sets are called '" + set.name + "'")
          .hint("name them: --data NAME=PATH, or validation.data.N.name");
    }
  }
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

namespace {

// The set without the pairs of images that could not be read.
PairSet without_broken(const PairSet& set, const std::vector<int64_t>& broken) {
  const std::set<int64_t> gone(broken.begin(), broken.end());
  PairSet rest{set.name, set.images, {}, {}, set.missing};
  for (size_t i = 0; i < set.pairs.size(); ++i) {
    if (gone.contains(set.pairs[i].a) || gone.contains(set.pairs[i].b)) {
      ++rest.missing;
      continue;
    }
    rest.pairs.push_back(set.pairs[i]);
    rest.fold.push_back(set.fold[i]);
  }
  spdlog::warn("{}: {} images cannot be read, {} pairs are left out", set.name, broken.size(),
               rest.missing - set.missing);
  return rest;
}

}  // namespace

VerificationResult evaluate(Engine& engine, const PairSet& set, const EvaluationOptions& options) {
  EmbedOptions embed = options.embed;
  embed.flip = options.rule != EmbeddingRule::no_flip;
  embed.strict = !options.skip_broken;
  ImageEmbeddings embeddings;
  {
    Progress progress("embed " + set.name, set.images->size(), "images");
    embeddings = embed_images(engine, set.images, embed, [&](int64_t done) { progress.update(done); });
  }
  const PairSet used = embeddings.broken.empty() ? set : without_broken(set, embeddings.broken);
  VerificationResult result = evaluate_verification(embeddings.view(), used.pairs, folds_of(used), options.rule);
  result.missing_pairs = static_cast<uint64_t>(used.missing);
  return result;
}

Report evaluate_all(std::vector<OpenModel>& models, const std::vector<PairSet>& sets,
                    const EvaluationOptions& options) {
  Report report;
  for (OpenModel& model : models) {
    report.models.push_back(model.info);
    for (const PairSet& set : sets) {
      report.results.push_back({report.models.size() - 1, set.name, evaluate(*model.engine, set, options)});
    }
    const Computation done = model.engine->computation();
    if (done.engine.empty()) continue;
    spdlog::info("{}: computed by {} on {} in {}", model.info.label, done.engine, done.device, done.precision);
  }
  return report;
}

std::string write_report(const Report& report, const fs::path& folder) {
  fs::create_directories(folder);
  std::string text = to_text(report);
  write_file(folder / "evaluation.txt", text);
  std::vector<std::string> names;
  for (const ReportEntry& entry : report.results) {
    if (std::find(names.begin(), names.end(), entry.data) == names.end()) names.push_back(entry.data);
  }
  for (const std::string& name : names) {
    std::vector<RocSeries> curves;
    add_curves(report, name, curves);
    if (curves.empty()) continue;
    const std::string stem = names.size() == 1 ? "roc" : "roc_" + name;
    write_file(folder / (stem + ".svg"), roc_svg(curves, name));
    write_file(folder / (stem + ".png"), encode_png(roc_image(curves, name)));
  }
  write_file(folder / "evaluation.json", to_json_text(to_json(report), 2) + "\n");
  return text;
}

}  // namespace facerec
