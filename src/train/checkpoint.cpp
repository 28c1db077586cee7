#include "train/checkpoint.h"

#include <ATen/Context.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/model/weights.h"
#include "facerec/train/run_folder.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

const char* const state_file = "state.json";

// Those beside the network, which the objective writes by itself.
std::vector<Part> further_parts(const Objective& objective) {
  std::vector<Part> parts = objective.parts();
  parts.erase(parts.begin());
  return parts;
}

void check_finite(const torch::nn::Module& module) {
  for (const auto& parameter : module.named_parameters()) {
    if (torch::isfinite(parameter.value()).all().item<bool>()) continue;
    throw Error("the weights are no longer finite ('" + parameter.key() + "'), so no checkpoint is written")
        .hint("lower optimizer.lr and resume from the last checkpoint");
  }
}

// The state of LibTorch's random numbers is of the kind of device: a run that goes on elsewhere finds no file.
fs::path generator_file(const Learner& learner) {
  return "random-" + c10::DeviceTypeName(learner.device().type(), /*lower_case=*/true) + ".safetensors";
}

NamedTensors generator_state(const Learner& learner) {
  return {{"generator", at::globalContext().defaultGenerator(learner.device()).get_state()}};
}

std::vector<std::string> tensor_files(const fs::path& folder) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    files.push_back(text_of(entry.path().filename()));
  std::sort(files.begin(), files.end());
  return files;
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
            {"batches_per_epoch", state.batches_per_epoch},
            {"files", state.files},
            {"config", state.config}};
  if (state.best) json["best"] = {{"metric", state.best->metric}, {"step", state.best->step}};
  return json;
}

}  // namespace

std::string part_file(const std::string& name) { return name + "-00000-of-00001.safetensors"; }

void save_checkpoint(const fs::path& folder, const Learner& learner, const RunState& state) {
  const Objective& objective = learner.objective();
  for (const Part& part : objective.parts()) check_finite(*part.module);
  write_folder(folder, [&](const fs::path& temporary) {
    objective.save(temporary, state.config);
    for (const Part& part : further_parts(objective)) {
      save_tensors(temporary / part_file(part.name), state_dict(*part.module));
    }
    save_tensors(temporary / part_file("optimizer"), learner.optimizer_state());
    save_tensors(temporary / generator_file(learner), generator_state(learner));
    RunState complete = state;
    complete.files = tensor_files(temporary);
    write_file(temporary / state_file, to_json_text(json_of(complete), 2) + "\n");
  });
}

namespace {

void check_state(const RunState& state, const fs::path& folder) {
  auto is_one_of = [](const std::string& word, std::initializer_list<const char*> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (state.step >= 0 && state.skipped_steps >= 0 && state.nonfinite_in_a_row >= 0 && state.classes >= 0 &&
      state.batches_per_epoch >= 0 && state.config.is_object() &&
      is_one_of(state.numerics.precision, {"fp32", "bf16"}) &&
      is_one_of(state.numerics.memory_format, {"channels_first", "channels_last"})) {
    return;
  }
  throw Error("holds values that no run has").file(text_of(folder / state_file));
}

}  // namespace

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
    state.batches_per_epoch = json.value("batches_per_epoch", int64_t{0});
    if (json.contains("files")) state.files = json.at("files").get<std::vector<std::string>>();
    state.config = json.at("config");
    check_state(state, folder);
    return state;
  } catch (const nlohmann::json::exception& failure) {
    throw Error(std::string("not the state of a run: ") + failure.what()).file(text_of(path));
  }
}

void load_checkpoint(const fs::path& folder, Learner& learner) {
  learner.objective().load(folder);
  for (const Part& part : further_parts(learner.objective())) {
    load_into(state_dict(*part.module), SafetensorsFile(folder / part_file(part.name)));
  }
  load_into(learner.optimizer_state(), SafetensorsFile(folder / part_file("optimizer")));
  const fs::path random = folder / generator_file(learner);
  if (!fs::exists(random)) {
    spdlog::warn("the run began on another kind of device: its random numbers go on from the seed");
    return;
  }
  const NamedTensors state = generator_state(learner);
  load_into(state, SafetensorsFile(random));
  at::Generator generator = at::globalContext().defaultGenerator(learner.device());
  generator.set_state(state.front().second);
}

namespace {

// Keys that a resumed run may change: they move its end, or where and how fast it is computed.
const std::set<std::string> may_change{"train.epochs", "train.max_steps", "run.device", "run.threads", "data.workers"};

void add_differences(const std::string& path, const Json& stored, const Json& wanted, std::string& list) {
  if (may_change.contains(path) || stored == wanted) return;
  if (path == "init_from" && wanted == "") return;  // where a run began does not matter when it goes on
  if (!stored.is_object() || !wanted.is_object()) {
    list += "\n  " + path + ": " + to_json_text(stored) + " there, " + to_json_text(wanted) + " now";
    return;
  }
  std::set<std::string> keys;
  for (const Json* side : {&stored, &wanted}) {
    for (const auto& [key, value] : side->items()) keys.insert(key);
  }
  for (const std::string& key : keys) {
    auto value = [&](const Json& side) { return side.contains(key) ? side.at(key) : Json("absent"); };
    add_differences(path.empty() ? key : fmt::format("{}.{}", path, key), value(stored), value(wanted), list);
  }
}

void check_config(const Json& stored, const TrainConfig& config, const fs::path& run) {
  std::string differences;
  add_differences("", stored, config_json(config), differences);
  if (differences.empty()) return;
  throw Error::usage("the configuration is not that of the run to be resumed:" + differences)
      .file(text_of(run))
      .hint("use the run's own config.yaml, or start a new run without --resume or under another run.name");
}

bool is_readable(const fs::path& checkpoint) {
  try {
    for (const std::string& file : read_run_state(checkpoint).files) SafetensorsFile{checkpoint / file};
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
