// Summaries of runs, and comparisons of them, as JSON.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "facerec/train/run_folder.h"
#include "facerec/train/run_summary.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;
using Runs = std::span<const RunSummary>;

Json or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json or_null(const std::optional<int64_t>& value) { return value ? Json(*value) : Json(nullptr); }

const char* name_of(RunStatus status) {
  switch (status) {
    case RunStatus::finished: return "finished";
    case RunStatus::stopped: return "stopped";
    case RunStatus::running: return "running";
    case RunStatus::no_checkpoint: break;
  }
  return "no_checkpoint";
}

// 2026-01-31-12-00-00 → 2026-01-31T12:00:00
std::string iso_time(std::string time) {
  time[10] = 'T';
  time[13] = time[16] = ':';
  return time;
}

void add_origin(const RunSummary& run, Json& json) {
  const auto name = parse_run_name(folder_name(run.path));
  json["name"] = name ? Json(name->name) : Json(nullptr);
  json["began"] = name ? Json(iso_time(name->began)) : Json(nullptr);
}

// What is trained: `config` is resolved, and has every key.
void add_task(const Json& config, Json& json) {
  for (const char* key : {"task", "network", "head"}) json[key] = nullptr;
  if (config.is_null()) return;
  json["task"] = config.at("task");
  const bool enlarges = config.at("task") == "super_resolution";
  json["network"] = enlarges ? config.at("super_resolution").at("network") : config.at("model").at("name");
  if (config.at("task") == "identity") json["head"] = config.at("head").at("name");
}

std::string mean_name(const TrainingMetrics& metrics) { return "mean_" + metrics.figure; }

StepMetrics last_step(const RunSummary& run) {
  return run.metrics.steps.empty() ? StepMetrics{} : run.metrics.steps.back();
}

// --- comparison ---

// Of a configuration: "optimizer.lr", "loss.metric.0.weight"; lists of plain values are one value.
void flatten(const std::string& path, const Json& value, std::map<std::string, Json>& leaves) {
  const bool is_list = value.is_array() && !value.empty() && value.front().is_object();
  if (!value.is_object() && !is_list) {
    leaves[path] = value;
    return;
  }
  for (const auto& [key, child] : value.items()) flatten(path.empty() ? key : path + "." + key, child, leaves);
}

Json config_differences(Runs runs) {
  std::vector<std::map<std::string, Json>> flat;
  std::map<std::string, Json> all;
  for (const RunSummary& run : runs) {
    flat.emplace_back();
    if (!run.config.is_null()) flatten("", run.config, flat.back());
    all.insert(flat.back().begin(), flat.back().end());
  }
  Json rows = Json::array();
  for (const auto& [key, first] : all) {
    Json values = Json::array();
    bool differs = false;
    for (const auto& leaves : flat) {
      const auto found = leaves.find(key);
      values.push_back(found == leaves.end() ? Json(nullptr) : found->second);
      if (!leaves.empty() && values.back() != first) differs = true;
    }
    if (differs) rows.push_back({{"key", key}, {"values", std::move(values)}});
  }
  return rows;
}

Json differences_of(const Json& values) {
  Json differences = Json::array();
  for (size_t i = 0; i < values.size(); ++i) {
    const bool known = i > 0 && values[0].is_number() && values[i].is_number();
    if (!known) {
      differences.push_back(nullptr);
    } else if (values[0].is_number_integer() && values[i].is_number_integer()) {
      differences.push_back(values[i].get<int64_t>() - values[0].get<int64_t>());
    } else {
      differences.push_back(values[i].get<double>() - values[0].get<double>());
    }
  }
  return differences;
}

class MetricRows {
 public:
  explicit MetricRows(Runs runs) : runs_(runs) {}

  // A row of what `value` gives of each run, unless it is null of all.
  void add(const std::string& name, const std::function<Json(const RunSummary&)>& value) {
    Json values = Json::array();
    for (const RunSummary& run : runs_) values.push_back(value(run));
    if (std::ranges::all_of(values, [](const Json& each) { return each.is_null(); })) return;
    rows_.push_back({{"name", name}, {"values", values}, {"differences", differences_of(values)}});
  }
  Json take() { return std::move(rows_); }

 private:
  Runs runs_;
  Json rows_ = Json::array();
};

// Of the figures of validation: those that some run has, in the order in which they first come.
std::vector<std::string> names_of(Runs runs, const std::function<std::vector<std::string>(const RunSummary&)>& names) {
  std::vector<std::string> all;
  for (const RunSummary& run : runs) {
    for (const std::string& name : names(run)) {
      if (std::ranges::find(all, name) == all.end()) all.push_back(name);
    }
  }
  return all;
}

std::vector<std::string> sets_of(const RunSummary& run) {
  std::vector<std::string> sets;
  if (run.metrics.validations.empty()) return sets;
  for (const auto& [name, value] : run.metrics.validations.back().values) sets.push_back(name);
  return sets;
}

Json last_of_set(const RunSummary& run, const std::string& set) {
  if (run.metrics.validations.empty()) return nullptr;
  const NamedValues& values = run.metrics.validations.back().values;
  const auto found = std::ranges::find(values, set, &NamedValues::value_type::first);
  return found == values.end() ? Json(nullptr) : or_null(found->second);
}

void add_validation(Runs runs, MetricRows& rows) {
  const auto means = names_of(runs, [](const RunSummary& run) {
    return run.metrics.figure.empty() ? std::vector<std::string>() : std::vector{mean_name(run.metrics)};
  });
  for (const std::string& mean : means) {
    const auto best = [&](const RunSummary& run) {
      return mean_name(run.metrics) == mean ? run.metrics.best() : nullptr;
    };
    rows.add("best_" + mean, [&](const RunSummary& run) { return best(run) ? Json(best(run)->mean) : Json(nullptr); });
    rows.add("best_step", [&](const RunSummary& run) { return best(run) ? Json(best(run)->step) : Json(nullptr); });
    rows.add("last_" + mean, [&](const RunSummary& run) {
      return best(run) ? or_null(run.metrics.validations.back().mean) : Json(nullptr);
    });
  }
  for (const std::string& set : names_of(runs, sets_of)) {
    rows.add("last_" + set, [&](const RunSummary& run) { return last_of_set(run, set); });
  }
}

Json metric_rows(Runs runs) {
  MetricRows rows(runs);
  rows.add("loss", [](const RunSummary& run) { return or_null(last_step(run).loss); });
  add_validation(runs, rows);
  rows.add("images_per_second", [](const RunSummary& run) { return or_null(last_step(run).images_per_second); });
  rows.add("seconds", [](const RunSummary& run) { return or_null(last_step(run).seconds); });
  rows.add("steps", [](const RunSummary& run) { return Json(run.steps); });
  return rows.take();
}

// Up to ten of those that all runs have logged, evenly apart, the last among them.
std::vector<int64_t> common_steps(const std::vector<std::map<int64_t, double>>& losses) {
  std::vector<int64_t> common;
  for (const auto& [step, loss] : losses.front()) {
    if (std::ranges::all_of(losses, [&, at = step](const auto& each) { return each.contains(at); })) {
      common.push_back(step);
    }
  }
  constexpr size_t most = 10;
  if (common.size() <= most) return common;
  std::vector<int64_t> chosen;
  for (size_t i = 1; i <= most; ++i) chosen.push_back(common[common.size() * i / most - 1]);
  return chosen;
}

Json loss_rows(Runs runs) {
  std::vector<std::map<int64_t, double>> losses;
  for (const RunSummary& run : runs) {
    losses.emplace_back();
    for (const StepMetrics& line : run.metrics.steps) losses.back()[line.step] = line.loss;
  }
  Json rows = Json::array();
  for (const int64_t step : common_steps(losses)) {
    Json values = Json::array();
    for (const auto& each : losses) values.push_back(or_null(each.at(step)));
    rows.push_back({{"step", step}, {"values", values}, {"differences", differences_of(values)}});
  }
  return rows;
}

}  // namespace

Json run_json(const RunSummary& run) {
  const StepMetrics last = last_step(run);
  Json json{{"run", text_of(run.path)}};
  add_origin(run, json);
  json["state"] = name_of(run.status);
  add_task(run.config, json);
  json["steps"] = run.steps;
  json["planned_steps"] = or_null(run.planned);
  json["checkpoint"] = or_null(run.saved);
  json["loss"] = or_null(last.loss);
  json["best"] = nullptr;
  if (const ValidationMetrics* best = run.metrics.best()) {
    json["best"] = {{mean_name(run.metrics), best->mean}, {"step", best->step}};
  }
  json["images_per_second"] = or_null(last.images_per_second);
  json["seconds"] = or_null(last.seconds);
  json["problems"] = run.problems;
  return json;
}

Json comparison_json(Runs runs) {
  Json json{{"runs", Json::array()}};
  for (const RunSummary& run : runs) json["runs"].push_back(run_json(run));
  json["config"] = config_differences(runs);
  json["metrics"] = metric_rows(runs);
  json["losses"] = runs.empty() ? Json::array() : loss_rows(runs);
  return json;
}

}  // namespace facerec
