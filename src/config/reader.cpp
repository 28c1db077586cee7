#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "config/message.h"
#include "facerec/config/config.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

[[noreturn]] void wrong_type(const Node& node, const std::string& path, const char* wanted) {
  const std::string got = node.kind == Node::Kind::scalar ? ", not '" + node.scalar + "'" : "";
  throw config_error(node.origin, "'" + path + "' must be " + wanted + got);
}

template <class Number>
bool parse_signed(std::string_view text, Number& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_number(text, number);
}

const std::string& scalar_of(const Node& node, const std::string& path, const char* wanted) {
  if (node.kind != Node::Kind::scalar) wrong_type(node, path, wanted);
  return node.scalar;
}

void assign(const Node& node, const std::string& path, bool& value) {
  const std::string text = lower(scalar_of(node, path, "true or false"));
  if (text != "true" && text != "false") wrong_type(node, path, "true or false");
  value = text == "true";
}

void assign(const Node& node, const std::string& path, int64_t& value) {
  if (!parse_signed(scalar_of(node, path, "a whole number"), value)) wrong_type(node, path, "a whole number");
}

void assign(const Node& node, const std::string& path, double& value) {
  if (!parse_signed(scalar_of(node, path, "a number"), value) || !std::isfinite(value))
    wrong_type(node, path, "a finite number");
}

void assign(const Node& node, const std::string& path, std::string& value) {
  value = node.kind == Node::Kind::null ? "" : scalar_of(node, path, "text");
}

template <class Item>
void assign(const Node& node, const std::string& path, std::vector<Item>& values) {
  if (node.kind != Node::Kind::list) wrong_type(node, path, "a list");
  values.clear();
  for (size_t i = 0; i < node.items.size(); ++i)
    assign(node.items[i], path + '.' + std::to_string(i), values.emplace_back());
}

void assign(const Node& node, const std::string& path, Size2& value) {
  if (node.kind != Node::Kind::list || node.items.size() != 2) wrong_type(node, path, "a list [width, height]");
  for (size_t i = 0; i < 2; ++i) assign(node.items[i], path, value[i]);
}

void assign(const Node& node, const std::string& path, std::map<std::string, std::string>& values) {
  if (node.kind != Node::Kind::map) wrong_type(node, path, "a map");
  values.clear();
  for (size_t i = 0; i < node.keys.size(); ++i) assign(node.items[i], path + "." + node.keys[i], values[node.keys[i]]);
}

void check_number(const Node& node, const std::string& path, const Rule& rule, double number) {
  const bool low = rule.min && (rule.min_is_excluded ? number <= *rule.min : number < *rule.min);
  if (!low && !(rule.max && number > *rule.max)) return;
  std::string wanted;
  auto text = [](double bound) {
    return nlohmann::json(bound == std::floor(bound) && std::abs(bound) < 1e15
                              ? nlohmann::json(static_cast<int64_t>(bound))
                              : nlohmann::json(bound))
        .dump();
  };
  if (rule.min) wanted = (rule.min_is_excluded ? "above " : "at least ") + text(*rule.min);
  if (rule.max) wanted += (wanted.empty() ? "at most " : " and at most ") + text(*rule.max);
  throw config_error(node.origin, "'" + path + "' is out of range: " + text(number) + ", must be " + wanted);
}

struct RuleCheck {
  const Node& node;
  const std::string& path;
  const Rule& rule;

  void operator()(const int64_t* value) const { check_number(node, path, rule, static_cast<double>(*value)); }
  void operator()(const double* value) const { check_number(node, path, rule, *value); }
  void operator()(const std::string* value) const {
    if (rule.choices.empty() || std::find(rule.choices.begin(), rule.choices.end(), *value) != rule.choices.end())
      return;
    const std::string near = nearest_name(*value, rule.choices);
    throw config_error(node.origin, "'" + path + "' cannot be '" + *value + "'")
        .hint((near.empty() ? "" : "did you mean '" + near + "'? ") + "known: " + join(rule.choices));
  }
  template <class Other>
  void operator()(const Other* value) const {
    if constexpr (
        requires { value->begin(); } && !requires { typename Other::mapped_type; }) {
      for (const auto& item : *value) (*this)(&item);
    }
  }
};

}  // namespace

struct ConfigReader::Level {
  const Node* node;  // null: nothing was given for this section
  std::string path;  // "data.train.0", "" at the top
  std::vector<std::string> known;
};

ConfigReader::ConfigReader(const Node& root) { levels_.push_back({&root, "", {}}); }
ConfigReader::~ConfigReader() = default;

std::string ConfigReader::path_to(const std::string& name) const {
  return levels_.back().path.empty() ? name : levels_.back().path + "." + name;
}

const Node* ConfigReader::take(const FieldInfo& info) {
  Level& level = levels_.back();
  level.known.emplace_back(info.name);
  return level.node == nullptr ? nullptr : level.node->find(info.name);
}

void ConfigReader::leaf(const FieldInfo& info, FieldValue value) {
  const Node* node = take(info);
  if (node == nullptr) return;
  const std::string path = path_to(info.name);
  std::visit([&](auto* target) { assign(*node, path, *target); }, value);
  std::visit(RuleCheck{*node, path, info.rule}, value);
}

bool ConfigReader::begin_section(const FieldInfo& info) {
  const Node* node = take(info);
  if (node == nullptr) return false;
  if (node->kind == Node::Kind::scalar && info.short_for != nullptr) {
    spelled_out_.push_back({Node::Kind::map, "", {*node}, {info.short_for}, node->origin});
    node = &spelled_out_.back();
  }
  if (node->kind != Node::Kind::map) wrong_type(*node, path_to(info.name), "a section with keys of its own");
  levels_.push_back({node, path_to(info.name), {}});
  return true;
}

void ConfigReader::end_section() {
  check_unknown();
  levels_.pop_back();
}

size_t ConfigReader::begin_list(const FieldInfo& info, size_t size) {
  const Node* node = take(info);
  if (node != nullptr && node->kind != Node::Kind::list) wrong_type(*node, path_to(info.name), "a list");
  levels_.push_back({node, path_to(info.name), {}});
  return node == nullptr ? size : node->items.size();
}

void ConfigReader::begin_item(size_t index) {
  const Level& list = levels_.back();
  const Node* node = list.node == nullptr ? nullptr : &list.node->items[index];
  const std::string path = list.path + "." + std::to_string(index);
  if (node != nullptr && node->kind != Node::Kind::map) wrong_type(*node, path, "a map");
  levels_.push_back({node, path, {}});
}

void ConfigReader::end_item() { end_section(); }
void ConfigReader::end_list() { levels_.pop_back(); }
void ConfigReader::finish() { check_unknown(); }

void ConfigReader::check_unknown() {
  const Level& level = levels_.back();
  if (level.node == nullptr) return;
  for (size_t i = 0; i < level.node->keys.size(); ++i) {
    const std::string& key = level.node->keys[i];
    if (std::find(level.known.begin(), level.known.end(), key) != level.known.end()) continue;
    const std::string near = nearest_name(key, level.known);
    throw config_error(level.node->items[i].origin, "unknown key '" + path_to(key) + "'")
        .hint(near.empty() ? "known here: " + join(level.known) : "did you mean '" + path_to(near) + "'?");
  }
}

}  // namespace facerec
