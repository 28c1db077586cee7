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

// data.train with an entry for each.
Node entries_of(const std::vector<std::string>& paths) {
  Node entries;
  entries.kind = Node::Kind::list;
  for (const std::string& path : paths) {
    Node& entry = entries.items.emplace_back();
    entry.kind = Node::Kind::map;
    entry.keys.emplace_back("path");
    entry.items.push_back(argument_node(path, "--data " + path));
  }
  return entries;
}

}  // namespace

Node argument_node(const std::string& value, const std::string& argument) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.scalar = value;
  node.origin.argument = argument;
  return node;
}

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
  read_config(result.root, result.config);
  if (data.empty()) return result;
  refuse_to_replace(result.config.data.train);
  set_value(result.root, "data.train", entries_of(data));
  result.config = {};
  read_config(result.root, result.config);
  return result;
}

}  // namespace facerec
