#include "facerec/config/node.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "config/message.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr uint64_t max_document = 1'000'000;
constexpr int max_depth = 32, max_values = 100'000;

class Converter {
 public:
  explicit Converter(Origin base) : base_(std::move(base)) {}

  Node convert(const YAML::Node& yaml, int depth = 0) {
    Node node;
    node.origin = base_;
    if (node.origin.line == 0 && node.origin.argument.empty()) node.origin.line = yaml.Mark().line + 1;
    // Aliases can make a small file stand for a huge tree; the counts bound it.
    if (depth > max_depth || ++values_ > max_values)
      throw config_error(node.origin, "too many or too deeply nested values");
    if (yaml.IsScalar()) {
      node.kind = Node::Kind::scalar;
      node.scalar = yaml.Scalar();
    } else if (yaml.IsSequence()) {
      node.kind = Node::Kind::list;
      for (const auto& item : yaml) node.items.push_back(convert(item, depth + 1));
    } else if (yaml.IsMap()) {
      node.kind = Node::Kind::map;
      for (const auto& entry : yaml) add_entry(node, entry.first, entry.second, depth);
    }
    return node;
  }

 private:
  void add_entry(Node& node, const YAML::Node& key, const YAML::Node& value, int depth) {
    Origin origin = node.origin;
    if (origin.argument.empty()) origin.line = key.Mark().line + 1;
    if (!key.IsScalar()) throw config_error(origin, "a key must be a plain word");
    if (node.find(key.Scalar()) != nullptr) throw config_error(origin, "the key '" + key.Scalar() + "' is given twice");
    Node child = convert(value, depth + 1);
    child.origin = origin;
    node.keys.push_back(key.Scalar());
    node.items.push_back(std::move(child));
  }

  Origin base_;
  int values_ = 0;
};

Node* child_for_path(Node& node, const std::string& key, const Origin& origin) {
  if (node.kind == Node::Kind::list) {
    size_t index = 0;
    if (!parse_number(key, index) || index > node.items.size()) {
      throw config_error(origin, "'" + key + "' is not an index of a list of " + std::to_string(node.items.size()));
    }
    if (index == node.items.size()) node.items.emplace_back();
    return &node.items[index];
  }
  if (node.kind == Node::Kind::scalar && !node.scalar.empty()) {
    throw config_error(origin, "a part of what stands there as '" + node.scalar + "' alone, which would be lost");
  }
  if (node.kind != Node::Kind::map) {
    const bool starts_list = key == "0";
    node = {};
    node.kind = starts_list ? Node::Kind::list : Node::Kind::map;
    node.origin = origin;
    if (starts_list) return &node.items.emplace_back();
  }
  const auto found = std::find(node.keys.begin(), node.keys.end(), key);
  if (found != node.keys.end()) return &node.items[static_cast<size_t>(found - node.keys.begin())];
  node.keys.push_back(key);
  return &node.items.emplace_back();
}

}  // namespace

const Node* Node::find(const std::string& key) const {
  const auto found = std::find(keys.begin(), keys.end(), key);
  return found == keys.end() ? nullptr : &items[static_cast<size_t>(found - keys.begin())];
}

Node parse_yaml(const std::string& text, const Origin& origin) {
  if (text.size() > max_document) throw config_error(origin, "a configuration of more than 1 MB");
  try {
    return Converter(origin).convert(YAML::Load(text));
  } catch (const YAML::Exception& failure) {
    Origin place = origin;
    if (place.argument.empty() && failure.mark.line >= 0) place.line = failure.mark.line + 1;
    throw config_error(place, "not valid YAML: " + failure.msg);
  }
}

Node load_yaml(const fs::path& path) {
  std::string text;
  try {
    text = read_text(path, max_document);
  } catch (const Error& error) {
    throw Error::usage("the configuration " + error.message()).file(text_of(path));
  }
  Node root = parse_yaml(text, {.file = text_of(path), .line = 0, .argument = ""});
  if (root.kind == Node::Kind::null) root.kind = Node::Kind::map;
  if (root.kind != Node::Kind::map) throw config_error(root.origin, "a configuration is a map of sections");
  return root;
}

void set_value(Node& root, const std::string& assignment) {
  const Origin origin{.file = "", .line = 0, .argument = "--set " + assignment};
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error::usage("--set " + assignment + ": not of the form key=value").hint("for example --set train.epochs=3");
  }
  set_value(root, assignment.substr(0, equals), parse_yaml(assignment.substr(equals + 1), origin));
}

void set_value(Node& root, const std::string& key, const Node& value) {
  Node* node = &root;
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('.', begin), key.size());
    if (end == begin) throw config_error(value.origin, "an empty name in the key");
    node = child_for_path(*node, key.substr(begin, end - begin), value.origin);
    begin = end + 1;
  }
  *node = value;
}

}  // namespace facerec
