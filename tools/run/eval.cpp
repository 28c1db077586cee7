#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/config/config.h"
#include "facerec/core/cache.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/csv.h"
#include "tools/run/eval_sets.h"
#include "tools/run/evaluation.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json named_json(const std::vector<NamedPath>& paths) {
  Json json = Json::array();
  for (const NamedPath& path : paths) json.push_back(path.name.empty() ? path.path : path.name + "=" + path.path);
  return json;
}

// The options that the figures depend on.
Json configuration(const EvalVerb& verb) {
  return {{"models", verb.models},
          {"data", named_json(verb.data)},
          {"pairs", named_json(verb.pairs)},
          {"gallery", named_json(verb.gallery)},
          {"probes", named_json(verb.probes)},
          {"protocol", verb.protocol},
          {"flip", verb.flip},
          {"align", verb.align},
          {"no_face", verb.no_face},
          {"resize_crop", verb.resize_crop},
          {"skip_missing", verb.skip_missing},
          {"positive", verb.one_is_same ? "same" : "different"},
          {"score", verb.score},
          {"threshold", verb.threshold},
          {"bootstrap", verb.bootstrap},
          {"seed", verb.seed},
          {"groups", verb.groups},
          {"low_res", verb.low_res},
          {"low_res_side", verb.low_res_side},
          {"super_resolve", verb.super_resolve},
          {"corrupt", verb.corrupt},
          {"arch", verb.engine.model.architecture},
          {"publisher", verb.engine.model.publisher},
          {"preprocess", verb.engine.model.preprocess},
          {"device", verb.engine.device},
          {"engine", verb.engine.engine},
          {"precision", verb.engine.precision}};
}

// What a CI job asks for, read before hours of work.
struct Demands {
  std::vector<Requirement> requirements;
  std::optional<Json> baseline;
  double tolerance = 0;

  std::vector<std::string> unmet(const Json& report) const {
    std::vector<std::string> sentences = shortfalls(report, requirements);
    if (baseline) {
      const std::vector<std::string> worse = regressions(report, *baseline, tolerance);
      sentences.insert(sentences.end(), worse.begin(), worse.end());
    }
    return sentences;
  }
};

Demands demands_of(const EvalVerb& verb) {
  Demands demands{.requirements = {}, .baseline = {}, .tolerance = verb.tolerance};
  if (!verb.fail_under.empty()) demands.requirements = parse_requirements(verb.fail_under);
  if (verb.baseline.empty()) return demands;
  if (!fs::exists(verb.baseline)) throw Error::usage("does not exist").file(verb.baseline);
  demands.baseline = Json::parse(read_text(verb.baseline), nullptr, /*allow_exceptions=*/false);
  if (!demands.baseline->is_object() || !demands.baseline->contains("results")) {
    throw Error::usage("is no evaluation.json").file(verb.baseline);
  }
  check_baseline(*demands.baseline);
  return demands;
}

EvaluationOptions options_of(const EvalVerb& verb) {
  EvaluationOptions options;
  options.verification.rule = parse_embedding_rule(verb.flip);
  options.verification.score = parse_pair_score(verb.score);
  options.verification.threshold = parse_threshold_rule(verb.threshold);
  options.verification.bootstrap = {.replicates = static_cast<int>(verb.bootstrap),
                                    .seed = static_cast<uint64_t>(verb.seed),
                                    .threads = verb.engine.threads};
  options.embed.batch_size = verb.batch_size;
  options.embed.threads = verb.engine.threads;
  options.threads = verb.engine.threads;
  options.skip_broken = verb.skip_missing;
  options.made_with = {{"version", FACEREC_VERSION},
                       {"no_face", verb.no_face},
                       {"engine", verb.engine.engine},
                       {"device", verb.engine.device},
                       {"precision", verb.engine.precision}};
  if (!verb.out.empty()) options.wrong_pairs = wrong_pairs_shown;
  if (!verb.groups.empty() && options.verification.score != PairScore::cosine) {
    throw Error::usage("--groups compares by the cosine").hint("leave out --score euclidean");
  }
  return options;
}

// ---- --predictions

// The path as a list names it.
std::string listed_name(const Dataset& images, int64_t index, const fs::path& root) {
  const fs::path path = images.name(index), below = path.lexically_relative(root);
  return text_of(below.empty() || *below.begin() == ".." ? path : below);
}

// image1,image2,label as the lists have it: label 1 is what --positive says.
Json write_predictions(const EvalVerb& verb, OpenModel& model, const EvaluationSet& set,
                       const EvaluationOptions& options) {
  const PairSet& pairs = std::get<PairSet>(set.protocol);
  const PairScores scores = score_set(*model.engine, set, options);
  const Predictions predicted = predict(scores, options.verification.score, options.verification.threshold);
  std::string text = "image1,image2,label\n";
  for (size_t i = 0; i < pairs.pairs.size(); ++i) {
    const bool is_one = (predicted.same[i] != 0) == verb.one_is_same;
    text +=
        fmt::format("{},{},{}\n", csv_field(listed_name(*pairs.images, pairs.pairs[i].a, verb.data.front().path)),
                    csv_field(listed_name(*pairs.images, pairs.pairs[i].b, verb.data.front().path)), is_one ? 1 : 0);
  }
  write_file(verb.predictions, text);
  return {{"file", verb.predictions},
          {"pairs", predicted.same.size()},
          {"same", std::ranges::count(predicted.same, 1)},
          {"threshold", predicted.threshold},
          {"score", verb.score}};
}

std::string to_text(const Json& predictions) {
  return fmt::format("{} of {} pairs are of one person, by the {} at {:.4f}: {}\n", predictions.at("same").dump(),
                     predictions.at("pairs").dump(), predictions.at("score").get<std::string>(),
                     predictions.at("threshold").get<double>(), predictions.at("file").get<std::string>());
}

// Without labels there are decisions, but no figures.
void check_labelled(const EvalVerb& verb, const std::vector<EvaluationSet>& sets) {
  const bool asks = !verb.fail_under.empty() || !verb.baseline.empty() || !verb.out.empty();
  for (const EvaluationSet& set : sets) {
    const auto* pairs = std::get_if<PairSet>(&set.protocol);
    if (asks && pairs != nullptr && !pairs->labelled) {
      throw Error::usage(fmt::format("'{}' has no labels, and so no figures", set.name))
          .hint("leave out --out, --fail-under and --baseline");
    }
  }
}

void check_predictions(const EvalVerb& verb, const std::vector<EvaluationSet>& sets, const EvaluationOptions& options) {
  if (verb.predictions.empty()) return;
  if (verb.models.size() > 1 || sets.size() != 1 || !std::holds_alternative<PairSet>(sets.front().protocol)) {
    throw Error::usage("--predictions is for one model and one set of pairs");
  }
  if (options.verification.threshold.kind == ThresholdRule::Kind::kfold) {
    throw Error::usage("--predictions needs a threshold that does not come from labels")
        .hint("--threshold median, or a value");
  }
}

// ---- The verb

// Nothing is overwritten by accident.
void check_out(const EvalVerb& verb) {
  if (verb.force) return;
  if (!verb.predictions.empty() && fs::exists(verb.predictions)) {
    throw Error::usage("exists already").file(verb.predictions).hint("--force replaces it");
  }
  for (const char* name : {"evaluation.json", "report.html"}) {
    if (!verb.out.empty() && fs::exists(fs::path(verb.out) / name)) {
      throw Error::usage("holds a report already").file(verb.out).hint("--force replaces it");
    }
  }
}

// Throws before hours of work, not after, where the answer could not be written.
void check_writable(const EvalVerb& verb) {
  if (!verb.predictions.empty()) AtomicFile{verb.predictions};
  if (verb.out.empty()) return;
  make_folder(verb.out);
  AtomicFile(fs::path(verb.out) / "evaluation.json");
}

// Files by their names where these tell them apart, runs of one name by what --model says; a model that is there twice
// is numbered.
void tell_apart(std::vector<OpenModel>& models, const std::vector<std::string>& names) {
  std::map<std::string, size_t> shared;
  for (const OpenModel& model : models) ++shared[fs::path(model.info.label).filename()];
  std::map<std::string, size_t> used;
  for (size_t i = 0; i < models.size(); ++i) {
    std::string& label = models[i].info.label;
    const std::string file = fs::path(label).filename();
    label = file.empty() || shared[file] > 1 ? (names[i].empty() ? label : names[i]) : file;
    if (const size_t number = ++used[label]; number > 1) label += fmt::format(" ({})", number);
  }
}

// Throws where the file names nobody who is evaluated.
void check_groups(const Groups& groups, const std::vector<EvaluationSet>& sets, const std::string& file) {
  for (const EvaluationSet& set : sets) {
    const auto images = set.images();
    for (int64_t i = 0; i < images->size(); ++i) {
      if (!groups.of(*images, i).empty()) return;
    }
  }
  throw Error::usage("names the group of no image that is evaluated")
      .file(file)
      .hint("the form is `image-or-identity group` a line, images by the end of their path");
}

// "lfw", "lfw@lr4": what demands call the results to come.
std::vector<std::string> subjects_of(const std::vector<EvaluationSet>& sets, const std::vector<Variant>& variants) {
  std::vector<std::string> subjects;
  for (const EvaluationSet& set : sets) {
    for (const Variant& variant : variants) {
      const std::string id = condition_id(variant.condition);
      subjects.push_back(id.empty() ? set.name : set.name + "@" + id);
    }
  }
  return subjects;
}

std::vector<OpenModel> open_models(const EvalVerb& verb) {
  std::vector<std::string> names = verb.models;
  if (names.empty()) names.emplace_back();
  std::vector<OpenModel> models;
  models.reserve(names.size());
  for (const std::string& name : names) models.push_back(open_model(name, verb.engine));
  tell_apart(models, names);
  return models;
}

// Crops and what is made worse have one size: models of several take images as they are.
void check_sizes(const std::vector<OpenModel>& models, const std::vector<EvaluationSet>& sets, const EvalVerb& verb,
                 const std::vector<Variant>& variants) {
  const auto size_of = [](const OpenModel& model) {
    const Preprocess& input = model.engine->spec().preprocess;
    return std::pair(input.width, input.height);
  };
  const auto other =
      std::ranges::find_if(models, [&](const OpenModel& m) { return size_of(m) != size_of(models.front()); });
  const bool is_cropped = std::ranges::any_of(sets, [](const EvaluationSet& set) {
    const auto* templates = std::get_if<TemplateSet>(&set.protocol);
    return templates != nullptr && !templates->landmarks.empty();
  });
  if (other == models.end() || (verb.align.empty() && !is_cropped && variants.size() == 1 && verb.resize_crop == 0))
    return;
  const auto [width, height] = size_of(models.front());
  throw Error::usage(
      fmt::format("takes images of {}x{}, the first model of {}x{}: crops, and images that are made worse, "
                  "are of one size",
                  size_of(*other).first, size_of(*other).second, width, height))
      .file(other->info.path)
      .hint("evaluate models of different sizes in calls of their own");
}

bool has_missing(const Report& report, const std::vector<EvaluationSet>& sets) {
  const auto lacks_pairs = [](const ReportEntry& entry) {
    const auto* pairs = std::get_if<VerificationResult>(&entry.result);
    return pairs != nullptr && pairs->missing_pairs > 0;
  };
  const auto lacks_entries = [](const EvaluationSet& set) {
    const auto* searches = std::get_if<SearchSet>(&set.protocol);
    return searches != nullptr && searches->missing > 0;
  };
  return std::ranges::any_of(report.results, lacks_pairs) || std::ranges::any_of(sets, lacks_entries);
}

// Figures without labels are none: what is left is the predictions.
void drop_unlabelled(std::vector<EvaluationSet>& sets) {
  std::erase_if(sets, [](const EvaluationSet& set) {
    const auto* pairs = std::get_if<PairSet>(&set.protocol);
    return pairs != nullptr && !pairs->labelled;
  });
}

}  // namespace

int run_eval(const EvalVerb& verb, const CommonOptions& common) {
  check_out(verb);
  const Demands demands = demands_of(verb);
  EvaluationOptions options = options_of(verb);
  const std::optional<Groups> groups = verb.groups.empty() ? std::nullopt : std::optional<Groups>(verb.groups);
  options.groups = groups ? &*groups : nullptr;
  std::vector<EvaluationSet> sets = open_sets(verb);
  if (groups) check_groups(*groups, sets, verb.groups);
  check_predictions(verb, sets, options);
  check_labelled(verb, sets);
  std::vector<OpenModel> models = open_models(verb);
  const Preprocess preprocess = models.front().engine->spec().preprocess;
  const std::vector<Variant> variants = variants_of(verb, preprocess);
  check_sizes(models, sets, verb, variants);
  check_requirements(demands.requirements, subjects_of(sets, variants));
  if (demands.baseline && (models.size() > 1 || verb.baselines))
    throw Error::usage("--baseline compares one model with one");
  if (verb.baselines) add_baselines(models, verb.engine);
  check_writable(verb);

  options.made_with["input"] = fmt::format("{}x{}", preprocess.width, preprocess.height);
  const EmbeddingCache cache(cache_folder().empty() ? "" : cache_folder() / "embeddings");
  options.cache = verb.cache ? &cache : nullptr;
  for (EvaluationSet& set : sets) set.identity = content_identity(*set.images(), verb.engine.threads);
  align_sets(sets, verb, preprocess);
  prepare_images(sets, variants, models.size(), preprocess);

  std::optional<Json> predictions;
  if (!verb.predictions.empty()) predictions = write_predictions(verb, models.front(), sets.front(), options);
  drop_unlabelled(sets);
  Report report = evaluate_all(models, sets, variants, options);
  report.provenance = provenance(models, configuration(verb));
  std::string text = sets.empty() ? "" : to_text(report);
  Json json = to_json(report);
  if (predictions) {
    json["predictions"] = *predictions;
    text += to_text(*predictions);
  }
  const std::vector<std::string> unmet = demands.unmet(json);
  if (!demands.requirements.empty() || demands.baseline) json["shortfalls"] = unmet;
  if (!unmet.empty()) text += "falls short:\n  " + join(unmet, "\n  ") + "\n";
  if (!verb.out.empty()) {
    write_report(report, json, verb.out);
    text += "report: " + text_of(fs::path(verb.out) / "report.html") + "\n";
  }
  print_answer(common, json, text);
  if (!unmet.empty()) return exit_no;
  return has_missing(report, sets) ? exit_skipped : exit_done;
}

}  // namespace facerec
