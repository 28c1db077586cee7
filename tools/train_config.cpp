#include <fmt/format.h>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "tools/arcface_tf2.h"
#include "tools/front.h"

namespace facerec {
namespace {

// --data gives paths alone: what else an entry says would be lost without a word.
void refuse_to_replace(const std::vector<TrainingSetConfig>& entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const TrainingSetConfig& entry = entries[i];
    const LabelConfig usual;
    const bool has_label =
        entry.label.by != usual.by || entry.label.level != usual.level || !entry.label.pattern.empty();
    const char* key = has_label                                                        ? "label"
                      : !entry.where.empty()                                           ? "where"
                      : entry.weight != 1                                              ? "weight"
                      : !entry.columns.file.empty() || !entry.columns.identity.empty() ? "columns"
                                                                                       : nullptr;
    if (key == nullptr) continue;
    throw Error::usage(fmt::format("--data would replace data.train.{}, whose {} would be lost", i, key))
        .hint(fmt::format("--set data.train.{}.path=PATH changes the path alone", i));
  }
}

}  // namespace

TrainConfiguration read_train_config(const std::string& file, const std::vector<std::string>& assignments,
                                     const std::vector<std::string>& data,
                                     const std::vector<std::pair<std::string, Node>>& flags) {
  TrainConfiguration result{load_yaml(file), {}, {}, {}};
  if (is_arcface_tf2(result.root)) {
    Translation translation = translate_arcface_tf2(result.root);
    result.root = std::move(translation.config);
    result.translation = std::move(translation.lines);
    result.expected = translation.expected;
  }
  for (const std::string& assignment : assignments) set_value(result.root, assignment);
  for (const auto& [key, value] : flags) set_value(result.root, key, value);
  TrainConfig& config = result.config;
  read_config(result.root, config);
  if (!data.empty()) refuse_to_replace(config.data.train);
  if (!data.empty()) config.data.train.clear();
  for (const std::string& path : data) config.data.train.push_back({.path = path});
  return result;
}

}  // namespace facerec
