// The `data` section of a configuration.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "facerec/config/fields.h"

namespace facerec {

// Who is in an image, told by its path below the folder of the set.
struct LabelConfig {
  std::string by = "folder";
  int64_t level = 0;
  std::string pattern;
};

inline void describe(Fields& fields, LabelConfig& c) {
  fields("by", c.by, "folder: the first folder below the set; kface: K-Face's resolution/identity/session/light/…",
         one_of({"folder", "kface"}));
  fields("level", c.level,
         "the folder that is the identity: 1 the first below the set, -1 the one that holds the image",
         between(-32, 32));
  fields("pattern", c.pattern,
         "regular expression over the path; its group `identity`, else its first, is the identity");
}

struct ColumnsConfig {
  std::string file, identity;
};

inline void describe(Fields& fields, ColumnsConfig& c) {
  fields("file", c.file, "column with the path of the image; default: the first that is called so");
  fields("identity", c.identity, "column with the identity; default: the first that is called so");
}

struct TrainingSetConfig {
  std::string path;
  double weight = 1.0;
  LabelConfig label = {};
  std::map<std::string, std::string> where = {};
  ColumnsConfig columns = {};
};

inline void describe(Fields& fields, TrainingSetConfig& c) {
  fields("path", c.path, "folder of images, list, CSV file, RecordIO or TFRecord");
  fields("weight", c.weight, "how often each image is used in an epoch", above(0));
  fields.section("label", c.label, "how the identity is told", "by");
  fields("where", c.where, "only paths whose named parts match: {light: 'L1|L2'}");
  fields.section("columns", c.columns, "of a CSV file");
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
  std::string label_space = "joined";
  int64_t min_images = 1;
  int64_t workers = 0;
  AugmentConfig augment;
};

inline void describe(Fields& fields, DataConfig& c) {
  fields.list("train", c.train, "training sets; `--data PATH` sets the only one");
  fields("root", c.root, "prefix of relative paths; else the working directory");
  fields("label_space", c.label_space, "by_name: identities of one name in several sets are one person",
         one_of({"joined", "by_name"}));
  fields("min_images", c.min_images, "leave out identities with fewer images", between(1, 1e9));
  fields("workers", c.workers, "threads that decode images; 0: the cores available", between(0, 1024));
  fields.section("augment", c.augment, "random changes of the training images");
}

// `path`, below `root` when it is relative and a root is given.
inline std::string below_root(const std::string& root, const std::string& path) {
  return root.empty() || path.empty() || path.front() == '/' ? path : root + "/" + path;
}

}  // namespace facerec
