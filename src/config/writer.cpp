#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"

namespace facerec {

using Json = nlohmann::ordered_json;

namespace {

bool is_flat(const Json& value) {
  if (!value.is_structured()) return true;
  if (value.empty()) return true;
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return !item.is_structured(); });
}

void emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, child] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, child);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (is_flat(value)) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Json& item : value) emit(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty()) out << YAML::DoubleQuoted;
    out << text;
  } else {
    out << value.dump();  // numbers in their shortest exact form, true, false, null
  }
}

}  // namespace

ConfigWriter::ConfigWriter() : stack_{Json::object()} {}
ConfigWriter::~ConfigWriter() = default;

Json ConfigWriter::take() { return std::move(stack_.front()); }

void ConfigWriter::leaf(const FieldInfo& info, FieldValue value) {
  std::visit([&](const auto* member) { stack_.back()[info.name] = *member; }, value);
}

bool ConfigWriter::begin_section(const FieldInfo& info) {
  names_.emplace_back(info.name);
  stack_.push_back(Json::object());
  return true;
}

void ConfigWriter::end_section() {
  Json section = std::move(stack_.back());
  stack_.pop_back();
  stack_.back()[names_.back()] = std::move(section);
  names_.pop_back();
}

size_t ConfigWriter::begin_list(const FieldInfo& info, size_t size) {
  names_.emplace_back(info.name);
  stack_.push_back(Json::array());
  return size;
}

void ConfigWriter::begin_item(size_t) { stack_.push_back(Json::object()); }

void ConfigWriter::end_item() {
  Json item = std::move(stack_.back());
  stack_.pop_back();
  stack_.back().push_back(std::move(item));
}

void ConfigWriter::end_list() { end_section(); }

std::string to_json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string to_yaml(const Json& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace facerec
