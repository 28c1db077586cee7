// The `data` section of a configuration.
#pragma once

#include "facerec/config/fields.h"

namespace facerec {

struct TrainingSetConfig {
  std::string path;
};

inline void describe(Fields& fields, TrainingSetConfig& c) {
  fields("path", c.path, "folder with one folder of images per identity");
}

struct AugmentConfig {
  double flip = 0.5;
};

inline void describe(Fields& fields, AugmentConfig& c) {
  fields("flip", c.flip, "probability of a horizontal flip", between(0, 1));
}

struct DataConfig {
  std::vector<TrainingSetConfig> train = {{}};
  std::string root;
  int64_t min_images = 1;
  int64_t workers = 0;
  AugmentConfig augment;
};

inline void describe(Fields& fields, DataConfig& c) {
  fields.list("train", c.train, "training sets; `--data PATH` sets the only one");
  fields("root", c.root, "prefix of relative paths; else the working directory");
  fields("min_images", c.min_images, "leave out identities with fewer images", between(1, 1e9));
  fields("workers", c.workers, "threads that decode images; 0: the cores available", between(0, 1024));
  fields.section("augment", c.augment, "random changes of the training images");
}

// `path`, below `root` when it is relative and a root is given.
inline std::string below_root(const std::string& root, const std::string& path) {
  return root.empty() || path.empty() || path.front() == '/' ? path : root + "/" + path;
}

}  // namespace facerec
