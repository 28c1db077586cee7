#include "facerec/infer/evolve_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <tuple>
#include <vector>

#include "infer/folders.h"

namespace facerec {
namespace {

bool is_backbone(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("Backbone_") && name.ends_with(".pth");
}

// "Epoch_3_Batch_9000", "Epoch3_Batch9000" and "3_9000" give {3, 9000}; "Best" gives nothing.
std::optional<std::pair<int64_t, int64_t>> epoch_and_batch(const fs::path& file) {
  static const std::regex pattern("_(?:Epoch_?)?([0-9]{1,15})_(?:Batch_?)?([0-9]{1,15})(?:_|\\.)");
  const std::string name = file.filename().string();
  std::smatch match;
  if (!std::regex_search(name, match, pattern)) return std::nullopt;
  return std::pair(std::stoll(match[1]), std::stoll(match[2]));
}

fs::path sibling(const fs::path& backbone, const std::string& kind) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(backbone.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || !name.starts_with(kind) || !name.ends_with(".pth")) continue;
    const auto time = epoch_and_batch(entry.path());
    if (time == epoch_and_batch(backbone) && (time || name == kind + "Best.pth")) return entry.path();
  }
  return {};
}

// By epoch and batch where the names tell them, else by the time of writing, which a copy may not keep.
fs::path newest_backbone(const fs::path& folder) {
  using Age = std::tuple<std::pair<int64_t, int64_t>, fs::file_time_type, fs::path>;
  std::optional<Age> newest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (!entry.is_regular_file() || !is_backbone(entry.path())) continue;
    const Age age{epoch_and_batch(entry.path()).value_or(std::pair<int64_t, int64_t>(0, 0)), entry.last_write_time(),
                  entry.path()};
    if (!newest || age > *newest) newest = age;
  }
  return newest ? std::get<fs::path>(*newest) : fs::path();
}

fs::path newest_backbone_below(const fs::path& folder) {
  if (fs::path here = newest_backbone(folder); !here.empty()) return here;
  for (const fs::path& run : folders_newest_first(folder)) {
    if (fs::path weights = newest_backbone(run); !weights.empty()) return weights;
  }
  return {};
}

}  // namespace

std::optional<EvolveCheckpoint> evolve_checkpoint_of(const fs::path& backbone) {
  if (!is_backbone(backbone)) return std::nullopt;
  EvolveCheckpoint found{backbone, sibling(backbone, "Head_"), sibling(backbone, "Optimizer_"), std::nullopt};
  if (const auto time = epoch_and_batch(backbone)) found.epochs = time->first;
  return found;
}

EvolveCheckpoint evolve_checkpoint_names(const fs::path& folder, std::optional<int64_t> epochs, int64_t batches) {
  const std::string time = epochs ? fmt::format("Epoch_{}_Batch_{}", *epochs, batches) : "Best";
  const std::string of_optimizer = epochs ? fmt::format("Epoch{}_Batch{}", *epochs, batches) : "Best";
  return {folder / ("Backbone_" + time + ".pth"), folder / ("Head_" + time + ".pth"),
          folder / ("Optimizer_" + of_optimizer + ".pth"), epochs};
}

std::optional<EvolveCheckpoint> find_evolve_checkpoint(const fs::path& folder) {
  for (const fs::path& place : {folder / "checkpoints_best", folder / "checkpoints", folder}) {
    const fs::path backbone = newest_backbone_below(place);
    if (!backbone.empty()) return evolve_checkpoint_of(backbone);
  }
  return std::nullopt;
}

}  // namespace facerec
