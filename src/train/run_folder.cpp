#include "facerec/train/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr std::string_view step_prefix = "step_";

// The time and number of a run, in the order of their beginning, from what follows its name: "_2026-01-31-23-59-58_2".
using RunOrder = std::pair<std::string, int>;

std::optional<RunOrder> parse_suffix(std::string_view text) {
  constexpr std::string_view form = "_0000-00-00-00-00-00";
  if (text.size() < form.size()) return std::nullopt;
  for (size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return std::nullopt;
  }
  RunOrder order{text.substr(0, form.size()), 1};
  text.remove_prefix(form.size());
  if (text.empty()) return order;
  const auto [end, code] = std::from_chars(text.data() + 1, text.data() + text.size(), order.second);
  if (text[0] != '_' || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return order;
}

}  // namespace

fs::path create_run_folder(const fs::path& runs, const std::string& name) {
  std::error_code code;
  fs::create_directories(runs, code);
  const std::string stem = fmt::format("{}_{:%Y-%m-%d-%H-%M-%S}", name, fmt::localtime(std::time(nullptr)));
  for (int attempt = 1; !code && attempt < 1000; ++attempt) {
    fs::path folder = runs / (attempt == 1 ? stem : fmt::format("{}_{}", stem, attempt));
    if (fs::create_directory(folder, code)) {
      fs::create_directory(folder / "checkpoints");
      return folder;
    }
  }
  throw Error("a run's folder cannot be created: " + (code ? code.message() : "too many in one second"))
      .file(text_of(runs));
}

std::vector<fs::path> find_runs(const fs::path& runs, const std::string& name) {
  std::vector<std::pair<RunOrder, fs::path>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(runs, ignored)) {
    const std::string folder = entry.path().filename().string();
    if (!entry.is_directory() || !folder.starts_with(name)) continue;
    if (const auto order = parse_suffix(std::string_view(folder).substr(name.size())))
      found.emplace_back(*order, entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> paths;
  paths.reserve(found.size());
  for (auto& [order, path] : found) paths.push_back(std::move(path));
  return paths;
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
    const auto [end, code] = std::from_chars(name.data() + step_prefix.size(), name.data() + name.size(), step);
    if (code == std::errc{} && end == name.data() + name.size()) found.push_back({entry.path(), step});
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
