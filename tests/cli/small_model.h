// A model that was trained for two steps: for what does not depend on how good it is.
#pragma once

#include <stdexcept>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {

// Its file, made once for all tests of this binary.
inline std::string small_model() {
  static const TemporaryFolder folder;
  static const std::string model = [] {
    const Outcome trained = facerec({"train", small_config(folder.path()), "--set", "train.max_steps=2", "--json"});
    if (trained.exit_code != 0) throw std::runtime_error("train failed: " + trained.err);
    return trained.json().at("run").get<std::string>();
  }();
  return model;
}

// A copy of it in `folder`, to be changed.
inline std::string copy_of_small_model(const TemporaryFolder& folder) {
  const std::string path = folder / "model.safetensors";
  for (const auto& entry : fs::recursive_directory_iterator(small_model())) {
    if (entry.path().filename() == "backbone.safetensors") {
      fs::copy_file(entry.path(), path, fs::copy_options::overwrite_existing);
    }
  }
  return path;
}

// `facerec eval` of it on small faces.
inline Outcome eval_faces(const std::vector<std::string>& more, const Environment& environment = {}) {
  std::vector<std::string> arguments{"eval", "--model", small_model(), "--data", "faces=" + small_faces() + "/eval"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return facerec(arguments, environment);
}

}  // namespace facerec::test
