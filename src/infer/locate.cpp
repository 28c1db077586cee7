#include <algorithm>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/infer/engine.h"

namespace facerec {
namespace {

const char* const weights_name = "backbone.safetensors";

// The newest by name: names of checkpoints count steps, names of runs end in the time they began.
std::vector<fs::path> folders_newest_first(const fs::path& parent) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.')) folders.push_back(entry.path());
  }
  std::sort(folders.rbegin(), folders.rend());
  return folders;
}

// "" when `folder` is neither a checkpoint nor a run with one.
fs::path weights_in(const fs::path& folder) {
  for (const fs::path& candidate : {folder, folder / "best"}) {
    if (fs::exists(candidate / weights_name)) return candidate / weights_name;
  }
  for (const fs::path& checkpoint : folders_newest_first(folder / "checkpoints")) {
    if (fs::exists(checkpoint / weights_name)) return checkpoint / weights_name;
  }
  return {};
}

fs::path newest_run(const fs::path& runs) {
  fs::path newest;
  fs::file_time_type newest_time{};
  for (const fs::path& run : folders_newest_first(runs)) {
    const fs::path weights = weights_in(run);
    if (weights.empty()) continue;
    if (const auto time = fs::last_write_time(weights); newest.empty() || time > newest_time) {
      newest = weights;
      newest_time = time;
    }
  }
  return newest;
}

}  // namespace

fs::path find_model(const fs::path& model, const fs::path& runs) {
  if (model.empty()) {
    fs::path newest = newest_run(runs);
    if (newest.empty()) {
      throw Error::usage("no model was named and none was found")
          .file(text_of(runs))
          .hint("give --model PATH, or train one first");
    }
    return newest;
  }
  std::error_code code;
  if (!fs::exists(model, code)) throw Error::usage("does not exist").file(text_of(model));
  if (!fs::is_directory(model, code)) return model;
  fs::path weights = weights_in(model);
  if (weights.empty()) {
    throw Error::usage("holds no model")
        .file(text_of(model))
        .hint("a run or a checkpoint folder has a backbone.safetensors in it");
  }
  return weights;
}

}  // namespace facerec
