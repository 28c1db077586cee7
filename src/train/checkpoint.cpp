#include "train/checkpoint.h"

#include <ATen/Context.h>
#include <spdlog/spdlog.h>

#include <set>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/model/weights.h"
#include "facerec/train/run_folder.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

const char* const backbone_file = "backbone.safetensors";
const char* const head_file = "head-00000-of-00001.safetensors";
const char* const optimizer_file = "optimizer-00000-of-00001.safetensors";
const char* const state_file = "state.json";
const char* const generator_key = "generator";

void check_finite(const Learner& learner) {
  for (const auto& parameter : learner.backbone()->named_parameters()) {
    if (!torch::isfinite(parameter.value()).all().item<bool>()) {
      throw Error("the weights are no longer finite ('" + parameter.key() + "'), so no checkpoint is written")
          .hint("lower optimizer.lr and resume from the last checkpoint");
    }
  }
}

NamedTensors optimizer_tensors(const Learner& learner) {
  NamedTensors tensors = learner.optimizer_state();
  tensors.emplace_back(generator_key, at::globalContext().defaultGenerator(learner.device()).get_state());
  return tensors;
}

Json json_of(const RunState& state) {
  Json json{{"schema", 1},
            {"step", state.step},
            {"best", nullptr},
            {"skipped_steps", state.skipped_steps},
            {"nonfinite_in_a_row", state.nonfinite_in_a_row},
            {"precision", state.numerics.precision},
            {"memory_format", state.numerics.memory_format},
            {"classes", state.classes},
            {"config", state.config}};
  if (state.best) json["best"] = {{"metric", state.best->metric}, {"step", state.best->step}};
  return json;
}

}  // namespace

void save_checkpoint(const fs::path& folder, const Learner& learner, const RunState& state) {
  check_finite(learner);
  write_folder(folder, [&](const fs::path& temporary) {
    save_backbone(temporary / backbone_file, *learner.backbone(), {{"configuration", state.config.dump()}});
    save_tensors(temporary / head_file, state_dict(*learner.head()));
    save_tensors(temporary / optimizer_file, optimizer_tensors(learner));
    write_file(temporary / state_file, json_of(state).dump(2) + "\n");
  });
}

RunState read_run_state(const fs::path& folder) {
  const fs::path path = folder / state_file;
  try {
    const Json json = Json::parse(read_text(path));
    RunState state;
    state.step = json.at("step").get<int64_t>();
    if (const Json& best = json.at("best"); !best.is_null()) {
      state.best = {best.at("metric").get<double>(), best.at("step").get<int64_t>()};
    }
    state.skipped_steps = json.at("skipped_steps").get<int64_t>();
    state.nonfinite_in_a_row = json.at("nonfinite_in_a_row").get<int64_t>();
    state.numerics = {json.at("precision").get<std::string>(), json.at("memory_format").get<std::string>()};
    state.classes = json.at("classes").get<int64_t>();
    state.config = json.at("config");
    return state;
  } catch (const nlohmann::json::exception& failure) {
    throw Error(std::string("not the state of a run: ") + failure.what()).file(text_of(path));
  }
}

void load_weights(const fs::path& path, const Backbone& backbone) {
  const SafetensorsFile file(path);
  const std::string stored = read_spec(file).architecture, wanted = backbone.spec().architecture;
  if (stored != wanted) {
    throw Error::usage("holds the architecture '" + stored + "', the configuration asks for '" + wanted + "'")
        .file(text_of(path))
        .hint("set model.name to " + stored + ", or leave the section `model` out of a finetune configuration");
  }
  load_into(state_dict(backbone), file);
}

void load_checkpoint(const fs::path& folder, Learner& learner) {
  load_weights(folder / backbone_file, *learner.backbone());
  load_into(state_dict(*learner.head()), SafetensorsFile(folder / head_file));
  NamedTensors tensors = optimizer_tensors(learner);
  load_into(tensors, SafetensorsFile(folder / optimizer_file));
  at::Generator generator = at::globalContext().defaultGenerator(learner.device());
  generator.set_state(tensors.back().second);
}

namespace {

// Keys that a resumed run may change: they move its end, or where and how fast it is computed.
const std::set<std::string> may_change{"/train/epochs", "/train/max_steps", "/run/device", "/run/threads",
                                       "/data/workers"};

void check_config(const Json& stored, const TrainConfig& config, const fs::path& run) {
  const Json wanted = config_json(config);
  std::string differences;
  for (const auto& change : nlohmann::json::diff(nlohmann::json(stored), nlohmann::json(wanted))) {
    const std::string place = change.at("path").get<std::string>();
    if (may_change.contains(place)) continue;
    const std::string before =
        stored.contains(Json::json_pointer(place)) ? stored.at(Json::json_pointer(place)).dump() : "absent";
    const std::string now =
        wanted.contains(Json::json_pointer(place)) ? wanted.at(Json::json_pointer(place)).dump() : "absent";
    differences += "\n  " + place.substr(1) + ": " + before + " there, " + now + " now";
  }
  if (differences.empty()) return;
  throw Error::usage("the configuration is not that of the run to be resumed:" + differences)
      .file(text_of(run))
      .hint("use the run's own config.yaml, or start a new run without --resume or under another run.name");
}

bool is_readable(const fs::path& checkpoint) {
  try {
    read_run_state(checkpoint);
    for (const char* file : {backbone_file, head_file, optimizer_file}) SafetensorsFile{checkpoint / file};
    return true;
  } catch (const Error& error) {
    spdlog::warn("the checkpoint {} is left out: {}", text_of(checkpoint), error.what());
    return false;
  }
}

std::optional<fs::path> newest_readable(const fs::path& run) {
  for (const CheckpointFolder& checkpoint : find_checkpoints(run)) {
    if (is_readable(checkpoint.path)) return checkpoint.path;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const TrainConfig& config) {
  for (const fs::path& run : find_runs(config.run.dir, config.run.name)) {
    const auto checkpoint = newest_readable(run);
    if (!checkpoint) continue;
    check_config(read_run_state(*checkpoint).config, config, run);
    return ResumePoint{run, *checkpoint};
  }
  return std::nullopt;
}

ResumePoint resume_point_of(const fs::path& run, const TrainConfig& config) {
  const auto checkpoint = newest_readable(run);
  if (!checkpoint) throw Error::usage("has no checkpoint to resume from").file(text_of(run));
  check_config(read_run_state(*checkpoint).config, config, run);
  return {run, *checkpoint};
}

}  // namespace facerec
