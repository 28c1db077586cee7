#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "facerec/config/at_key.h"
#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "facerec/data/dataset.h"
#include "facerec/data/view.h"
#include "facerec/eval/curves.h"
#include "facerec/infer/evolve_run.h"
#include "facerec/infer/super_resolution.h"
#include "facerec/model/preprocess.h"
#include "facerec/model/weights.h"
#include "facerec/train/doubtful_settings.h"
#include "facerec/train/processes.h"
#include "facerec/train/run_folder.h"
#include "facerec/train/trainer.h"
#include "tools/run/evaluation.h"
#include "tools/run/log.h"
#include "tools/run/named_paths.h"
#include "tools/run/run.h"
#include "tools/run/smoke.h"

namespace facerec {
namespace {

// `asked`: the configuration names them; those that were merely found are left out where they are too small.
std::vector<EvaluationSet> open_validation_sets(const TrainConfig& config, bool asked) {
  std::vector<EvaluationSet> sets;
  std::vector<std::string> names;
  if (config.task != "identity") return sets;  // validated by themselves
  for (size_t i = 0; i < config.validation.data.size(); ++i) {
    const ValidationSetConfig& set = config.validation.data[i];
    const std::string path = below_root(config.data.root, set.path);
    const PairLabels labels{.one_is_same = set.positive == "same", .required = true};
    std::vector<PairSet> opened = at_key(fmt::format("validation.data.{}.path", i), [&] {
      return open_pair_sets(set.name, path, below_root(config.data.root, set.pairs), false, labels);
    });
    for (PairSet& each : opened) {
      try {
        check_folds(each, path);                               // too few pairs show before the training, not after
        each.images = std::make_shared<HeldSet>(each.images);  // read once, whatever the number of validations
        names.push_back(each.name);
        sets.push_back(evaluation_set(std::move(each)));
      } catch (const Error& error) {
        if (asked) throw;
        spdlog::warn("left out: {}", error.what());
      }
    }
  }
  check_names(names);
  return sets;
}

EngineOptions engine_options(const TrainConfig& config) {
  return {config.run.device, config.train.precision, static_cast<int>(config.run.threads)};
}

EvaluationOptions evaluation_options(const TrainConfig& config) {
  EvaluationOptions options;
  options.embed.threads = static_cast<int>(config.data.workers);
  return options;
}

Validate validation(const TrainConfig& config, const std::vector<EvaluationSet>& sets) {
  return [&config, &sets](const std::shared_ptr<Backbone>& backbone) {
    std::vector<ValidationScore> scores;
    const auto engine = engine_of(backbone, engine_options(config));
    scores.reserve(sets.size());
    for (const EvaluationSet& set : sets) {
      const ReportEntry entry = evaluate(*engine, set, {}, evaluation_options(config));
      scores.push_back({set.name, entry.verification().accuracy.mean, true});
    }
    return scores;
  };
}

// Dropout has no weights: only the configuration of the training tells it.
std::optional<double> stored_dropout(const Metadata& metadata) {
  const auto text = metadata.find("configuration");
  if (text == metadata.end()) return std::nullopt;
  const auto config = nlohmann::json::parse(text->second, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer place("/model/dropout");
  if (!config.contains(place) || !config.at(place).is_number()) return std::nullopt;
  return config.at(place).get<double>();
}

// The keys of `model` that the user did not give are those of the model file.
void take_model_from(const fs::path& path, const ModelOptions& options, const std::vector<std::string>& given,
                     ModelConfig& model) {
  const Recognition found = recognise(open_tensor_file(path), options);
  for (const std::string& warning : found.warnings) spdlog::warn("{}: {}", text_of(path), warning);
  const ModelSpec& spec = found.spec;
  auto is_given = [&](const char* key) { return std::find(given.begin(), given.end(), key) != given.end(); };
  if (!is_given("name")) model.name = spec.architecture;
  if (!is_given("embedding_size")) model.embedding_size = spec.embedding_size;
  if (!is_given("input")) model.input = {spec.preprocess.width, spec.preprocess.height};
  if (!is_given("preprocess")) model.preprocess = preprocess_name(spec.preprocess, published_preprocess(model.name));
  if (!is_given("dropout")) model.dropout = stored_dropout(found.file.metadata).value_or(model.dropout);
}

// The checkpoint of face.evoLVe that --resume or --from names.
std::optional<EvolveCheckpoint> evolve_origin(const TrainVerb& verb, const TrainConfig& config) {
  if (!verb.resume.empty() && verb.resume != "auto") {
    if (!fs::exists(verb.resume)) throw Error::usage("does not exist").file(verb.resume);
    if (!fs::is_directory(verb.resume)) return evolve_checkpoint_of(verb.resume);
    return find_checkpoints(verb.resume).empty() ? find_evolve_checkpoint(verb.resume) : std::nullopt;
  }
  return verb.from.empty() ? std::nullopt : evolve_checkpoint_of(config.init_from);
}

void resolve_start(const TrainVerb& verb, TrainConfig& config) {
  if (!verb.from.empty()) config.init_from = verb.from;
  find_teacher(config);
  const auto resumed = verb.resume.empty() ? std::nullopt : evolve_origin(verb, config);
  if (resumed && !config.init_from.empty()) {
    throw Error::usage("--resume names a training of another program: there is nothing else to start from")
        .file(verb.resume)
        .hint("leave out --from and init_from");
  }
  if (resumed) config.init_from = text_of(resumed->backbone);
  if (config.init_from.empty()) return;
  if (config.task == "super_resolution") {
    config.init_from = text_of(find_super_resolver(config.init_from));
    return;
  }
  const fs::path file = find_model_of(verb.from.empty() ? "init_from" : "", config.init_from, config.run.dir);
  config.init_from = text_of(file);
  if (resumed || !verb.from.empty()) take_model_from(file, verb.model_options, verb.model_keys, config.model);
}

// Head and optimizer go with the backbone.
void start_from(const EvolveCheckpoint& checkpoint, const TrainVerb& verb, TrainOptions& options) {
  options.head_from = checkpoint.head;
  options.optimizer_from = checkpoint.optimizer;
  if (!verb.from.empty()) {
    if (!checkpoint.head.empty()) {
      spdlog::info("a head of as many identities is taken up: leave {} away if these are others",
                   text_of(checkpoint.head));
    }
    return;
  }
  options.epochs_done = checkpoint.epochs.value_or(0);
  spdlog::info("a new run goes on from {}", text_of(checkpoint.backbone));
  if (!checkpoint.epochs) spdlog::warn("its name does not tell how many epochs are done: the schedule begins anew");
}

// `restarted`: by torchrun or Slurm, after a failure; such a launch goes on with its run.
TrainOptions place_run(const TrainVerb& verb, const TrainConfig& config, bool restarted) {
  TrainOptions options;
  options.config = config;
  options.strict = verb.strict;
  std::optional<ResumePoint> point;
  const auto origin = evolve_origin(verb, config);
  if (restarted && verb.resume.empty()) {
    point = find_failed_run(config);
    if (!point) spdlog::info("the run that failed left no checkpoint, a new one begins");
  } else if (verb.resume == "auto") {
    point = find_resume_point(config);
    if (!point) spdlog::info("no run of the name '{}' to resume, a new one begins", config.run.name);
  } else if (!verb.resume.empty() && !origin) {
    point = resume_point_of(verb.resume, config);
  }
  if (origin && !point) start_from(*origin, verb, options);
  options.run = point ? point->run : create_run_folder(config.run.dir, config.run.name);
  if (point) options.checkpoint = point->checkpoint;
  return options;
}

void compare(const char* key, std::optional<int64_t> expected, int64_t found) {
  if (expected && *expected != found)
    spdlog::warn("{}: {} in the configuration, {} in the data", key, *expected, found);
}

// The final comparison: the best model on all benchmarks, beside the one that fine-tuning started from.
Report final_report(const TrainVerb& verb, const TrainConfig& config, const fs::path& run,
                    const std::vector<EvaluationSet>& sets) {
  EngineOptions options = engine_options(config);
  options.precision = "fp32";
  std::vector<OpenModel> models;
  if (!verb.from.empty()) {
    options.model = verb.model_options;
    models.push_back(open_model(config.init_from, options, "before"));
    options.model = {};
  }
  models.push_back(open_model(text_of(run), options, verb.from.empty() ? config.run.name : "after"));
  EvaluationOptions evaluation = evaluation_options(config);
  evaluation.verification.bootstrap = BootstrapOptions{.replicates = 1000};
  evaluation.wrong_pairs = wrong_pairs_shown;
  Report report = evaluate_all(models, sets, {{}}, evaluation);
  report.provenance = provenance(models, config_json(config));
  return report;
}

nlohmann::ordered_json answer(const fs::path& run, const TrainResult& result, const char* metric) {
  nlohmann::ordered_json json{{"run", text_of(run)},
                              {"steps", result.steps},
                              {"final_loss", nullptr},
                              {"best", nullptr},
                              {"skipped_steps", result.skipped_steps},
                              {"bad_images", result.bad_images},
                              {"images_per_second", result.images_per_second},
                              {"data_wait_share", result.data_wait_share},
                              {"signal", nullptr},
                              {"evaluation", nullptr}};
  if (result.final_loss) json["final_loss"] = *result.final_loss;
  if (result.best) json["best"] = {{metric, result.best->metric}, {"step", result.best->step}};
  if (result.signal != 0) json["signal"] = result.signal;
  return json;
}

// They are to look at: a training does not end for want of them.
void draw_curves(const fs::path& run) {
  try {
    draw_training_curves(run);
  } catch (const Error& error) {
    spdlog::warn("the curves are not drawn: {}", error.what());
  }
}

// A run that failed before its first step leaves nothing.
TrainResult train_or_discard(TrainOptions options, const TrainingSet& data, const Validate& validate,
                             const World& world) {
  bool has_begun = options.checkpoint.has_value();
  options.after_first_step = [&] { has_begun = true; };
  try {
    return train(options, data, validate, world);
  } catch (...) {
    std::error_code ignored;
    if (!has_begun && world.is_first()) fs::remove_all(options.run, ignored);
    throw;
  }
}

int exit_code(const TrainResult& result) {
  if (stop_signal() != 0) return exit_signal + stop_signal();  // during the final report too
  if (result.signal != 0) return exit_signal + result.signal;  // another process's
  return result.bad_images > 0 ? exit_skipped : exit_done;
}

}  // namespace

namespace {

// The first process chooses the run's folder and what it goes on from; it tells the others.
TrainOptions place_run_of_all(const TrainVerb& verb, const TrainConfig& config, const World& world, bool restarted) {
  TrainOptions options;
  const std::string told = told_by_first(world, [&] {
    options = place_run(verb, config, restarted);
    return to_json_text({{"run", text_of(options.run)},
                         {"checkpoint", options.checkpoint ? text_of(*options.checkpoint) : ""},
                         {"head_from", text_of(options.head_from)},
                         {"optimizer_from", text_of(options.optimizer_from)},
                         {"epochs_done", options.epochs_done}});
  });
  if (world.is_first()) return options;
  const auto json = nlohmann::json::parse(told);
  auto path = [&](const char* key) { return fs::path(json.at(key).get<std::string>()); };
  options.config = config;
  options.strict = verb.strict;
  options.run = path("run");
  if (!path("checkpoint").empty()) options.checkpoint = path("checkpoint");
  options.head_from = path("head_from");
  options.optimizer_from = path("optimizer_from");
  options.epochs_done = json.at("epochs_done").get<int64_t>();
  return options;
}

int report_training(const TrainVerb& verb, const CommonOptions& common, const TrainOptions& options,
                    const TrainResult& result, const std::vector<EvaluationSet>& sets) {
  nlohmann::ordered_json json =
      answer(options.run, result, options.config.task == "super_resolution" ? "mean_psnr" : "mean_accuracy");
  std::string text;
  if (!sets.empty() && result.signal == 0) {
    const Report report = final_report(verb, options.config, options.run, sets);
    json["evaluation"] = to_json(report);
    write_report(report, json["evaluation"], options.run);
    text = to_text(report);
  }
  text += fmt::format("run: {}\n", text_of(options.run));
  print_answer(common, json, text);
  return exit_code(result);
}

}  // namespace

int run_train(const TrainVerb& verb, const CommonOptions& common) {
  catch_stop_signals();
  const ProcessPlace place = process_place();
  if (place.rank > 0) quieten_log(place.rank);
  TrainConfig config = verb.config;
  std::optional<SmokeData> smoke;
  if (verb.preset == "smoke") smoke.emplace().take_place(config);
  const bool asked = !config.validation.data.empty();
  take_published_layout(config);
  resolve_start(verb, config);
  if (verb.print_config) {
    print_answer(common, config_json(config), to_yaml(config_json(config)));
    return exit_done;
  }
  for (const std::string& sentence : doubtful_settings(config)) {
    if (place.rank == 0) spdlog::warn("{}", sentence);
  }
  const TrainingSet data = config.task == "identity" ? open_training_set(config.data, verb.strict)
                                                     : open_training_images(config.data, verb.strict);
  const std::unique_ptr<World> world = meet_processes(place, config);
  check_alike(*world, verb.config, data);
  std::vector<EvaluationSet> sets;
  told_by_first(*world, [&] {
    sets = open_validation_sets(config, asked);
    return std::string();
  });
  TrainOptions options = place_run_of_all(verb, config, *world, place.restarted);
  options.place = place;
  options.after_checkpoint = [&run = options.run] { draw_curves(run); };
  std::optional<LogFile> log;
  if (world->is_first()) {
    log.emplace(options.run / "train.log");
    spdlog::info("run: {}", text_of(options.run));
    for (const std::string& line : verb.translation) spdlog::info("{}", line);
    compare("num_classes", verb.expected.identities, data.images->classes());
    compare("num_samples", verb.expected.images, data.images->size());
    if (!options.checkpoint) write_file(options.run / "config.yaml", to_yaml(config_json(options.config)));
  }
  const TrainResult result = train_or_discard(options, data, validation(config, sets), *world);
  return world->is_first() ? report_training(verb, common, options, result, sets) : exit_code(result);
}

}  // namespace facerec
