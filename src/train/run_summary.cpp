#include "facerec/train/run_summary.h"

#include <algorithm>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/train/config.h"
#include "facerec/train/run_folder.h"
#include "facerec/train/schedule.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

void check_file(const fs::path& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) throw Error(fs::exists(path, code) ? "is no file" : "is absent");
}

// With the defaults of keys that came later.
Json resolved(const Node& root) {
  TrainConfig config;
  read_config(root, config);
  return config_json(config);
}

// What a run's own checkpoint says: state.json, checked only as far as it is used.
Json read_state(const fs::path& checkpoint) {
  const fs::path path = checkpoint / "state.json";
  check_file(path);
  const auto shallow = [](int depth, Json::parse_event_t, const Json&) {
    if (depth > 64) throw Error("is nested more deeply than any state of a run");
    return true;
  };
  Json state = Json::parse(read_text(path, uint64_t{1} << 24), shallow, /*allow_exceptions=*/false);
  if (!state.is_object() || !state.contains("config") || !state["config"].is_object()) {
    throw Error("is not the state of a run");
  }
  return state;
}

// Notes what goes wrong in `read` beside the name of the file.
template <class Read>
void attempt(RunSummary& run, const std::string& file, Read read) {
  try {
    read();
  } catch (const Error& error) {
    run.problems.push_back(file + " " + error.message());
  } catch (const std::exception& error) {
    run.problems.push_back(file + ": " + printable(error.what()));
  }
}

int64_t integer(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

std::optional<int64_t> planned_steps(const Json& config, int64_t batches_per_epoch) {
  const Json& loop = config.at("train");
  const int64_t most = integer(loop, "max_steps"), accumulate = std::max<int64_t>(1, integer(loop, "accumulate"));
  constexpr int64_t limit = int64_t{1} << 40;  // no product of two such overflows
  if (batches_per_epoch <= 0 || batches_per_epoch > limit) return most > 0 ? std::optional(most) : std::nullopt;
  const RunLength length{batches_per_epoch, accumulate, 0};
  const int64_t steps = std::max<int64_t>(1, length.steps_in(std::min<int64_t>(integer(loop, "epochs"), 1 << 20)));
  return most > 0 ? std::min(most, steps) : steps;
}

void read_configuration(RunSummary& run) {
  attempt(run, "config.yaml", [&] {
    check_file(run.path / "config.yaml");
    run.config = resolved(load_yaml(run.path / "config.yaml"));
  });
  int64_t batches_per_epoch = 0;
  for (const CheckpointFolder& checkpoint : find_checkpoints(run.path)) {
    const size_t before = run.problems.size();
    attempt(run, text_of(checkpoint.path.filename()) + "/state.json", [&] {
      const Json state = read_state(checkpoint.path);
      run.config = resolved(parse_yaml(to_json_text(state["config"]), {}));
      run.saved = checkpoint.step;
      batches_per_epoch = integer(state, "batches_per_epoch");
    });
    if (run.problems.size() == before) break;
  }
  if (!run.config.is_null()) run.planned = planned_steps(run.config, batches_per_epoch);
}

void read_figures(RunSummary& run, int64_t most_steps) {
  attempt(run, "metrics.jsonl", [&] {
    check_file(run.path / "metrics.jsonl");
    run.metrics = read_metrics(run.path / "metrics.jsonl", most_steps);
    const TrainingMetrics& metrics = run.metrics;
    if (metrics.steps.empty() && metrics.validations.empty() && metrics.unreadable == 0) throw Error("is empty");
    if (metrics.unreadable == 0) return;
    throw Error("has lines that cannot be read: " + std::to_string(metrics.unreadable));
  });
  run.steps = run.saved.value_or(0);
  if (!run.metrics.steps.empty()) run.steps = std::max(run.steps, run.metrics.steps.back().step);
}

RunStatus status_of(const RunSummary& run) {
  if (is_in_training(run.path)) return RunStatus::running;
  if (!run.saved) return RunStatus::no_checkpoint;
  return run.planned && *run.saved >= *run.planned ? RunStatus::finished : RunStatus::stopped;
}

}  // namespace

RunSummary summarise_run(const fs::path& run, int64_t most_steps) {
  RunSummary summary{.path = run};
  read_configuration(summary);
  read_figures(summary, most_steps);
  summary.status = status_of(summary);
  return summary;
}

}  // namespace facerec
