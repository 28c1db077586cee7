#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/text.h"
#include "facerec/train/run_folder.h"
#include "facerec/train/run_summary.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// --- text, made from the JSON so that no fact has two sources ---

constexpr const char* unknown = "-";

size_t characters(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](unsigned char byte) { return (byte & 0xC0) != 0x80; }));
}

// Rows of as many cells, in columns two blanks apart: the first ones aligned left, those of numbers right.
class Table {
 public:
  explicit Table(size_t left_columns) : left_columns_(left_columns) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string text() const {
    std::vector<size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], characters(row[i]));
    }
    std::string text;
    for (const auto& row : rows_) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        const std::string blanks(widths[i] - characters(row[i]), ' ');
        line += (i > 0 ? "  " : "") + (i < left_columns_ ? row[i] + blanks : blanks + row[i]);
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
  }

 private:
  size_t left_columns_;
  std::vector<std::vector<std::string>> rows_;
};

std::string word(const Json& value) { return value.is_null() ? unknown : printable(value.get<std::string>()); }

std::string formatted(const char* form, const Json& value) {
  return value.is_number() ? fmt::format(fmt::runtime(form), value.get<double>()) : unknown;
}

// Accuracies, losses: five digits tell them apart; whole numbers as they are.
std::string figure(const Json& value, bool with_sign = false) {
  if (value.is_number_integer()) return fmt::format(fmt::runtime(with_sign ? "{:+}" : "{}"), value.get<int64_t>());
  return formatted(with_sign ? "{:+.5g}" : "{:.5g}", value);
}

std::string title(const Json& run) { return printable(folder_name(run["run"].get<std::string>()), 200); }

std::string steps_text(const Json& run) {
  const std::string steps = std::to_string(run["steps"].get<int64_t>());
  return run["planned_steps"].is_null() ? steps : fmt::format("{}/{}", steps, run["planned_steps"].get<int64_t>());
}

std::string best_text(const Json& best) {
  if (best.is_null()) return unknown;
  return fmt::format("{:.4f} @ {}", best.front().get<double>(), best["step"].get<int64_t>());
}

std::string run_state(const Json& run) {
  std::string state = run["state"];
  std::ranges::replace(state, '_', ' ');
  return state;
}

std::string runs_text(const Json& json) {
  if (json["runs"].empty()) return fmt::format("no runs in {}\n", json["dir"].get<std::string>());
  Table table(5);
  table.add({"run", "state", "task", "network", "head", "steps", "loss", "best @ step", "images/s", "time"});
  std::string problems;
  for (const Json& run : json["runs"]) {
    const Json& seconds = run["seconds"];
    table.add({title(run), run_state(run), word(run["task"]), word(run["network"]), word(run["head"]), steps_text(run),
               formatted("{:.4f}", run["loss"]), best_text(run["best"]), formatted("{:.0f}", run["images_per_second"]),
               seconds.is_null() ? unknown : duration_text(seconds.get<double>())});
    for (const Json& problem : run["problems"]) {
      problems += fmt::format("{}: {}\n", title(run), problem.get<std::string>());
    }
  }
  return table.text() + (problems.empty() ? "" : "\n" + problems);
}

// A column for each run, and behind those after the first what they differ by.
std::vector<std::string> compared(std::string name, const Json& row) {
  std::vector<std::string> cells = {std::move(name)};
  for (size_t i = 0; i < row["values"].size(); ++i) {
    cells.push_back(figure(row["values"][i]));
    if (i > 0) cells.push_back(figure(row["differences"][i], /*with_sign=*/true));
  }
  return cells;
}

std::string figures_text(const Json& json) {
  Table table(1);
  std::vector<std::string> heading = {""};
  for (size_t i = 0; i < json["runs"].size(); ++i) {
    heading.push_back(fmt::format("[{}]", i + 1));
    if (i > 0) heading.push_back(fmt::format("[{}] - [1]", i + 1));
  }
  table.add(heading);
  for (const Json& row : json["metrics"]) table.add(compared(row["name"], row));
  for (const Json& row : json["losses"]) {
    table.add(compared(fmt::format("loss at step {}", row["step"].get<int64_t>()), row));
  }
  return table.text();
}

std::string value_text(const Json& value) {
  const bool is_word = value.is_string() && value != "";
  return is_word || value.is_null() ? word(value) : printable(to_json_text(value));
}

std::string configuration_text(const Json& json) {
  if (json["config"].empty()) return "the configurations are the same\n";
  Table table(json["runs"].size() + 1);
  std::vector<std::string> heading = {"configuration"};
  for (size_t i = 0; i < json["runs"].size(); ++i) heading.push_back(fmt::format("[{}]", i + 1));
  table.add(heading);
  for (const Json& row : json["config"]) {
    std::vector<std::string> cells = {row["key"]};
    for (const Json& value : row["values"]) cells.push_back(value_text(value));
    table.add(std::move(cells));
  }
  return table.text();
}

std::string comparison_text(const Json& json) {
  std::string text;
  for (size_t i = 0; i < json["runs"].size(); ++i) {
    const Json& run = json["runs"][i];
    text += fmt::format("[{}] {}: {}, {} steps\n", i + 1, title(run), run_state(run), steps_text(run));
    for (const Json& problem : run["problems"]) text += fmt::format("    {}\n", problem.get<std::string>());
  }
  return text + "\n" + configuration_text(json) + "\n" + figures_text(json);
}

// --- verbs ---

int list_runs(const RunsVerb& verb, const CommonOptions& common) {
  std::error_code code;
  if (!fs::is_directory(verb.dir, code)) {
    throw Error::usage(fs::exists(verb.dir, code) ? "is no folder" : "does not exist")
        .file(verb.dir)
        .hint("--dir names the folder that holds the runs");
  }
  constexpr int64_t few_lines = 10;  // the last, and all validations, are among them
  Json json{{"dir", verb.dir}, {"runs", Json::array()}};
  for (const fs::path& run : find_runs(verb.dir, verb.name)) {
    json["runs"].push_back(run_json(summarise_run(run, few_lines)));
  }
  print_answer(common, json, runs_text(json));
  return exit_done;
}

int compare_runs(const RunsVerb& verb, const CommonOptions& common) {
  if (!verb.name.empty()) throw Error::usage("--name is for the list: runs that are compared are named themselves");
  std::vector<RunSummary> runs;
  for (const std::string& wanted : verb.compare) runs.push_back(summarise_run(find_run(verb.dir, wanted)));
  const Json json = comparison_json(runs);
  print_answer(common, json, comparison_text(json));
  return exit_done;
}

}  // namespace

int run_runs(const RunsVerb& verb, const CommonOptions& common) {
  return verb.compare.empty() ? list_runs(verb, common) : compare_runs(verb, common);
}

}  // namespace facerec
