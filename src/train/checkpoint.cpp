#include "train/checkpoint.h"

#include <ATen/Context.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/io/sha256.h"
#include "facerec/model/weights.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

const char* const state_file = "state.json";

// "head-00000-of-00002.safetensors"
std::string part_file(const std::string& name, int64_t rank, int64_t size) {
  return fmt::format("{}-{:05}-of-{:05}.safetensors", name, rank, size);
}

const Head* find_head(const Objective& objective) {
  return dynamic_cast<const Head*>(find_part(objective, "head").get());
}

// Whether rows of the tensor are a process's own: of the head's part ("weight"), or of its optimizer state
// ("momentum.head.weight").
bool is_divided(const std::string& part, const std::string& name, const torch::Tensor& tensor, const Head* head) {
  if (head == nullptr || tensor.dim() == 0) return false;
  if (part == "head") return head->is_by_class(name);
  const std::string parameter = name.substr(name.find('.') + 1);
  return part == "optimizer" && parameter.starts_with("head.") && head->is_by_class(parameter.substr(5));
}

// The first row of a divided tensor, and the rows that all processes have together.
Range rows_of(const torch::Tensor& tensor, const Head& head) {
  const HeadClasses& classes = head.classes();
  const int64_t centers = tensor.size(0) / classes.held.count;
  return {classes.held.first * centers, classes.total * centers};
}

// The state of LibTorch's random numbers is of the kind of device: a run that goes on elsewhere finds no file.
std::string generator_part(const Learner& learner) {
  return "random-" + c10::DeviceTypeName(learner.device().type(), /*lower_case=*/true);
}

torch::Tensor generator_state(const Learner& learner) {
  return at::globalContext().defaultGenerator(learner.device()).get_state();
}

TensorsToSave divided_file(const std::string& part, const NamedTensors& tensors, const Learner& learner) {
  const World& world = learner.world();
  const Head* head = find_head(learner.objective());
  TensorsToSave file{part_file(part, world.rank(), world.size()), {}, {}};
  for (const auto& [name, tensor] : tensors) {
    const bool divided = is_divided(part, name, tensor, head);
    if (!divided && !world.is_first()) continue;
    file.tensors.emplace_back(name, tensor);
    if (!divided || world.size() == 1) continue;
    const auto [first, total] = rows_of(tensor, *head);
    file.metadata.emplace("rows." + name, fmt::format("{}/{}", first, total));
  }
  return file;
}

std::vector<TensorsToSave> files_of(const Learner& learner, const Json& config) {
  const World& world = learner.world();
  std::vector<TensorsToSave> files;
  if (world.is_first()) files = learner.objective().network_files(config);
  const std::vector<Part> parts = learner.objective().parts();
  for (auto part = parts.begin() + 1; part != parts.end(); ++part) {
    const NamedTensors tensors = state_dict(*part->module);
    if (part->name == "head" && find_head(learner.objective()) != nullptr) {
      files.push_back(divided_file("head", tensors, learner));
    } else if (world.is_first()) {
      files.push_back({part_file(part->name, 0, 1), tensors, {}});
    }
  }
  files.push_back(divided_file("optimizer", learner.optimizer_state(), learner));
  files.push_back(
      {part_file(generator_part(learner), world.rank(), world.size()), {{"generator", generator_state(learner)}}, {}});
  return files;
}

// Takes no memory of the tensor's size, as torch::isfinite would.
bool is_finite(const torch::Tensor& tensor) {
  if (!tensor.is_floating_point() || tensor.numel() == 0) return true;
  const auto [least, most] = torch::aminmax(tensor);  // NaN where there is one
  return std::isfinite(least.item<double>()) && std::isfinite(most.item<double>());
}

void check_finite(const TensorsToSave& file) {
  for (const auto& [name, tensor] : file.tensors) {
    if (is_finite(tensor)) continue;
    throw Error("the weights are no longer finite ('" + name + "'), so no checkpoint is written")
        .hint("lower optimizer.lr and resume from the last checkpoint");
  }
}

}  // namespace

std::vector<TensorsToSave> snapshot(const Learner& learner, const Json& config) {
  std::vector<TensorsToSave> files = files_of(learner, config);
  for (TensorsToSave& file : files) {
    for (auto& each : file.tensors) each.second = each.second.detach().to(torch::kCPU, false, /*copy=*/true);
  }
  return files;
}

std::map<std::string, std::string> write_tensors(const fs::path& folder, const std::vector<TensorsToSave>& files) {
  std::map<std::string, std::string> digests;
  for (const TensorsToSave& file : files) {
    check_finite(file);
    save_tensors(folder / file.file, file.tensors, file.metadata);
    digests[file.file] = sha256_of(folder / file.file);
  }
  return digests;
}

void write_run_state(const fs::path& folder, const RunState& state) {
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
  write_file(folder / state_file, to_json_text(json, 2) + "\n");
}

namespace {

void check_state(const RunState& state, const fs::path& folder) {
  auto is_one_of = [](const std::string& word, std::initializer_list<const char*> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (state.step >= 0 && state.skipped_steps >= 0 && state.nonfinite_in_a_row >= 0 && state.classes >= 0 &&
      state.batches_per_epoch >= 0 && state.config.is_object() &&
      is_one_of(state.numerics.precision, {"fp32", "bf16", "fp16"}) &&
      is_one_of(state.numerics.memory_format, {"channels_first", "channels_last"})) {
    return;
  }
  throw Error("holds values that no run has").file(text_of(folder / state_file));
}

// A list of names, in checkpoints without digests.
std::map<std::string, std::string> files_in(const Json& json) {
  if (!json.is_array()) return json.get<std::map<std::string, std::string>>();
  std::map<std::string, std::string> files;
  for (const auto& name : json) files.emplace(name.get<std::string>(), "");
  return files;
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
    if (json.contains("files")) state.files = files_in(json.at("files"));
    state.config = json.at("config");
    check_state(state, folder);
    return state;
  } catch (const nlohmann::json::exception& failure) {
    throw Error(std::string("not the state of a run: ") + failure.what()).file(text_of(path));
  }
}

void load_checkpoint(const fs::path& folder, Learner& learner) {
  Objective& objective = learner.objective();
  objective.load(folder);
  const Head* head = find_head(objective);
  auto load = [&](const std::string& part, const NamedTensors& tensors) {
    const WholePart whole(folder, part);
    for (const auto& [name, tensor] : tensors) {
      whole.load(name, tensor, is_divided(part, name, tensor, head) ? rows_of(tensor, *head).first : 0);
    }
  };
  const std::vector<Part> parts = objective.parts();
  for (auto part = parts.begin() + 1; part != parts.end(); ++part) {
    load(part->name, state_dict(*part->module));
  }
  load("optimizer", learner.optimizer_state());
  const fs::path random = folder / part_file(generator_part(learner), learner.world().rank(), learner.world().size());
  if (!fs::exists(random)) {
    spdlog::warn("the run began on other devices, or in another number of processes: random numbers begin anew");
    return;
  }
  const torch::Tensor state = generator_state(learner);
  load_into({{"generator", state}}, SafetensorsFile(random));
  at::Generator generator = at::globalContext().defaultGenerator(learner.device());
  generator.set_state(state);
}

}  // namespace facerec
