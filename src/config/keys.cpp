#include "facerec/config/keys.h"

#include <nlohmann/json.hpp>

namespace facerec {
namespace {

struct TypeName {
  std::string operator()(const bool*) const { return "true or false"; }
  std::string operator()(const int64_t*) const { return "whole number"; }
  std::string operator()(const double*) const { return "number"; }
  std::string operator()(const std::string*) const { return "text"; }
  std::string operator()(const Size2*) const { return "[width, height]"; }
  std::string operator()(const std::vector<int64_t>*) const { return "list of whole numbers"; }
  std::string operator()(const std::vector<double>*) const { return "list of numbers"; }
  std::string operator()(const std::vector<std::string>*) const { return "list of texts"; }
  std::string operator()(const std::map<std::string, std::string>*) const { return "texts by name"; }
};

}  // namespace

std::string KeyLister::path_to(const std::string& name) const {
  std::string path;
  for (const std::string& level : levels_) path += level + ".";
  return path + name;
}

void KeyLister::leaf(const FieldInfo& info, FieldValue value) {
  std::string text = std::visit([](const auto* member) { return nlohmann::ordered_json(*member).dump(); }, value);
  if (text == "\"\"" || text == "null" || text == "{}") text.clear();
  if (text.size() > 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  keys_.push_back({path_to(info.name), std::visit(TypeName(), value), std::move(text), info.help, info.rule});
}

bool KeyLister::begin_section(const FieldInfo& info) {
  keys_.push_back({path_to(info.name), "section", "", info.help, {}});
  levels_.emplace_back(info.name);
  return true;
}

void KeyLister::end_section() { levels_.pop_back(); }

size_t KeyLister::begin_list(const FieldInfo& info, size_t size) {
  keys_.push_back({path_to(info.name), "list", "", info.help, {}});
  levels_.emplace_back(info.name);
  return std::max<size_t>(size, 1);
}

void KeyLister::begin_item(size_t index) { levels_.push_back(std::to_string(index)); }
void KeyLister::end_item() { levels_.pop_back(); }
void KeyLister::end_list() { levels_.pop_back(); }

}  // namespace facerec
