// What an evaluation leaves in a folder, and what it says of where it was made.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "facerec/config/config.h"
#include "facerec/core/parallel.h"
#include "facerec/eval/plot.h"
#include "tools/run/evaluation.h"

namespace facerec {
namespace {

// The value of the first line `key<separator>value` of a system's file; "" when there is none.
std::string value_in(const fs::path& file, const std::string& key, char separator) {
  std::error_code code;
  if (!fs::exists(file, code)) return "";
  std::istringstream text(read_text(file));
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(key)) continue;
    const size_t begin = line.find_first_not_of(" \"", line.find(separator) + 1);
    if (begin == std::string::npos) return "";
    return line.substr(begin, line.find_last_not_of(" \"") - begin + 1);
  }
  return "";
}

std::string machine() {
  const std::string processor = value_in("/proc/cpuinfo", "model name", ':');
  const std::string system = value_in("/etc/os-release", "PRETTY_NAME", '=');
  return fmt::format("{}, {} cores, {}", processor.empty() ? "unknown processor" : processor, available_cores(),
                     system.empty() ? "Linux" : system);
}

// What an earlier report left; pictures in a folder without one are somebody else's.
void remove_report(const fs::path& folder) {
  if (!fs::exists(folder / "evaluation.json")) return;
  const std::regex figure("(roc|det|error_curve|scores|open_set|cmc|accuracy)(_.*)?\\.(svg|png)");
  std::vector<fs::path> figures;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (std::regex_match(entry.path().filename().string(), figure)) figures.push_back(entry.path());
  }
  for (const fs::path& path : figures) fs::remove(path);
  for (const char* name : {"report.html", "evaluation.txt", "evaluation.json"}) fs::remove(folder / name);
}

}  // namespace

Provenance provenance(const std::vector<OpenModel>& models, nlohmann::ordered_json configuration) {
  const Computation done = models.front().engine->computation();
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  Provenance provenance;
  provenance.version = FACEREC_VERSION;
  provenance.time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
  provenance.machine = machine();
  if (!done.engine.empty()) provenance.engine = fmt::format("{} on {} in {}", done.engine, done.device, done.precision);
  provenance.configuration = std::move(configuration);
  return provenance;
}

void write_report(const Report& report, const nlohmann::ordered_json& json, const fs::path& folder) {
  make_folder(folder);
  remove_report(folder);
  for_figures(report, [&](const std::string& name, const Figure& figure) {
    write_file(folder / (name + ".svg"), figure.svg());
    write_file(folder / (name + ".png"), encode_png(figure.image()));
  });
  write_file(folder / "evaluation.txt", to_plain_text(report) + "\n" + to_text(report));
  write_file(folder / "report.html", to_html(report));
  write_file(folder / "evaluation.json", to_json_text(json, 2) + "\n");
}

}  // namespace facerec
