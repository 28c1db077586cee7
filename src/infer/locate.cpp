#include "facerec/core/error.h"
#include "facerec/infer/engine.h"
#include "facerec/infer/evolve_run.h"
#include "facerec/infer/super_resolution.h"
#include "facerec/io/keras.h"
#include "infer/folders.h"

namespace facerec {
namespace {

const char* const weights_name = "backbone.safetensors";

// The file of this name; "" when `folder` is neither a checkpoint nor a run with one.
fs::path own_file_in(const fs::path& folder, const char* name) {
  for (const fs::path& candidate : {folder, folder / "best"}) {
    if (fs::exists(candidate / name)) return candidate / name;
  }
  for (const fs::path& checkpoint : folders_newest_first(folder / "checkpoints")) {
    if (fs::exists(checkpoint / name)) return checkpoint / name;
  }
  return {};
}

fs::path newest_run(const fs::path& runs) {
  fs::path newest;
  fs::file_time_type newest_time{};
  for (const fs::path& run : folders_newest_first(runs)) {
    const fs::path weights = own_file_in(run, weights_name);
    if (weights.empty()) continue;
    if (const auto time = fs::last_write_time(weights); newest.empty() || time > newest_time) {
      newest = weights;
      newest_time = time;
    }
  }
  return newest;
}

}  // namespace

fs::path model_in(const fs::path& folder) {
  if (fs::path own = own_file_in(folder, weights_name); !own.empty()) return own;
  if (const auto evolve = find_evolve_checkpoint(folder)) return evolve->backbone;
  return is_tensorflow_checkpoint(folder) ? folder : fs::path();
}

fs::path find_super_resolver(const fs::path& path) {
  const fs::path own = own_file_in(path, "network.safetensors");
  return own.empty() ? path : own;
}

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
  if (is_tensorflow_checkpoint(model)) return model;  // a prefix, under which no file lies
  if (!fs::exists(model, code)) throw Error::usage("does not exist").file(text_of(model));
  if (!fs::is_directory(model, code)) return model;
  fs::path weights = model_in(model);
  if (weights.empty()) {
    throw Error::usage("holds no model")
        .file(text_of(model))
        .hint("a run or a checkpoint folder has a backbone.safetensors in it, one of face.evoLVe Backbone_*.pth");
  }
  return weights;
}

}  // namespace facerec
