#include "facerec/train/run_folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <functional>
#include <tuple>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr std::string_view step_prefix = "step_";

// What follows a run's name in that of its folder: "_2026-01-31-23-59-58_2".
std::optional<RunName> parse_suffix(std::string_view text) {
  constexpr std::string_view form = "_0000-00-00-00-00-00";
  if (text.size() < form.size()) return std::nullopt;
  for (size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return std::nullopt;
  }
  RunName found{"", std::string(text.substr(1, form.size() - 1)), 1};
  text.remove_prefix(form.size());
  if (text.empty()) return found;
  if (text[0] != '_' || !parse_number(text.substr(1), found.number)) return std::nullopt;
  return found;
}

std::string list_of(const std::vector<fs::path>& runs) {
  constexpr size_t most = 10;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(most, runs.size()); ++i) names.push_back(text_of(runs[i].filename()));
  if (runs.size() > most) names.push_back(fmt::format("and {} more", runs.size() - most));
  return join(names);
}

}  // namespace

fs::path create_run_folder(const fs::path& runs, const std::string& name) {
  std::error_code code;
  fs::create_directories(runs, code);
  const std::string stem = fmt::format("{}_{:%Y-%m-%d-%H-%M-%S}", name, fmt::localtime(std::time(nullptr)));
  for (int attempt = 1; !code && attempt < 1000; ++attempt) {
    fs::path folder = runs / (attempt == 1 ? stem : fmt::format("{}_{}", stem, attempt));
    if (fs::create_directory(folder, code)) {
      make_folder(folder / "checkpoints");
      return folder;
    }
  }
  throw Error("a run's folder cannot be created: " + (code ? code.message() : "too many in one second"))
      .file(text_of(runs));
}

std::string folder_name(const fs::path& run) {
  return text_of((fs::absolute(run) / "").lexically_normal().parent_path().filename());
}

std::optional<RunName> parse_run_name(const std::string& folder) {
  for (size_t at = folder.find('_'); at != std::string::npos; at = folder.find('_', at + 1)) {
    std::optional<RunName> found = parse_suffix(std::string_view(folder).substr(at));
    if (!found) continue;
    found->name = folder.substr(0, at);
    return found;
  }
  return std::nullopt;
}

std::vector<fs::path> find_runs(const fs::path& runs, const std::string& name) {
  std::vector<std::pair<RunName, fs::path>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(runs, ignored)) {
    std::optional<RunName> each = parse_run_name(entry.path().filename().string());
    if (!each || !entry.is_directory(ignored) || (!name.empty() && each->name != name)) continue;
    found.emplace_back(std::move(*each), entry.path());
  }
  const auto order = [](const auto& run) { return std::tie(run.first.began, run.first.number, run.second); };
  std::ranges::sort(found, std::ranges::greater(), order);
  std::vector<fs::path> paths;
  paths.reserve(found.size());
  for (auto& [run, path] : found) paths.push_back(std::move(path));
  return paths;
}

fs::path find_run(const fs::path& runs, const std::string& wanted) {
  std::error_code code;
  if (fs::is_directory(wanted, code)) return wanted;
  const std::vector<fs::path> all = find_runs(runs, "");
  std::vector<fs::path> fitting;
  for (const fs::path& run : all) {
    const std::string folder = run.filename().string();
    if (!wanted.empty() && (folder.ends_with(wanted) || parse_run_name(folder)->name == wanted)) fitting.push_back(run);
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) {
    throw Error::usage(fmt::format("there is no run '{}'", printable(wanted)))
        .file(text_of(runs))
        .hint(all.empty() ? "it holds no runs: --dir names the folder that does" : "there are: " + list_of(all));
  }
  throw Error::usage(fmt::format("'{}' may be any of {} runs", printable(wanted), fitting.size()))
      .file(text_of(runs))
      .hint("name one of " + list_of(fitting));
}

bool is_in_training(const fs::path& run) {
  const int folder = ::open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  // Shared: two that ask at once do not see one another.
  const bool held = ::flock(folder, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(folder);
  return held;
}

fs::path checkpoint_folder(const fs::path& run, int64_t step) {
  return run / "checkpoints" / fmt::format("{}{:08}", step_prefix, step);
}

std::vector<CheckpointFolder> find_checkpoints(const fs::path& run) {
  std::vector<CheckpointFolder> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints", ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(step_prefix)) continue;
    int64_t step = 0;
    if (parse_number(std::string_view(name).substr(step_prefix.size()), step)) found.push_back({entry.path(), step});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.step > b.step; });
  return found;
}

void prune_checkpoints(const fs::path& run, int64_t keep) {
  const std::vector<CheckpointFolder> all = find_checkpoints(run);
  std::error_code ignored;
  for (auto i = static_cast<size_t>(keep); i < all.size(); ++i) fs::remove_all(all[i].path, ignored);
}

}  // namespace facerec
