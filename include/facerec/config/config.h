// Reading and writing the structs that fields.h declares.
#pragma once

#include <deque>
#include <nlohmann/json.hpp>
#include <string>

#include "facerec/config/fields.h"
#include "facerec/config/node.h"
#include "facerec/core/error.h"

namespace facerec {

// Visits a struct and takes every value that the tree holds; others keep their defaults. Throws a usage Error for an
// unknown key (naming the nearest known one), a wrong type or a value against its rule, each with its place.
class ConfigReader : public Fields {
 public:
  explicit ConfigReader(const Node& root);
  ~ConfigReader() override;

 protected:
  void leaf(const FieldInfo& info, FieldValue value) override;
  bool begin_section(const FieldInfo& info) override;
  void end_section() override;
  size_t begin_list(const FieldInfo& info, size_t size) override;
  void begin_item(size_t index) override;
  void end_item() override;
  void end_list() override;

 public:
  void finish();  // the check for unknown keys at the top; call it after the visit

 private:
  struct Level;
  const Node* take(const FieldInfo& info);
  std::string path_to(const std::string& name) const;
  void check_unknown();
  std::vector<Level> levels_;
  std::deque<Node> spelled_out_;  // sections that were written as one word
};

// Visits a struct and builds JSON of the same form, keys in the order of declaration.
class ConfigWriter : public Fields {
 public:
  ConfigWriter();
  ~ConfigWriter() override;
  nlohmann::ordered_json take();

 protected:
  void leaf(const FieldInfo& info, FieldValue value) override;
  bool begin_section(const FieldInfo& info) override;
  void end_section() override;
  size_t begin_list(const FieldInfo& info, size_t size) override;
  void begin_item(size_t index) override;
  void end_item() override;
  void end_list() override;

 private:
  std::vector<nlohmann::ordered_json> stack_;
  std::vector<std::string> names_;
};

// JSON on one line (indent −1) or indented. File names need not be UTF-8; JSON must be: other bytes are replaced.
std::string to_json_text(const nlohmann::ordered_json& value, int indent = -1);

// YAML with every value, one to a line; what parse_yaml reads back to an equal struct.
std::string to_yaml(const nlohmann::ordered_json& value);

// An error about a key (Error::key) with the file and the line, or the argument, that the key is from; where it is not
// given, those of the section around it. Others come back as they are.
Error located(const Error& error, const Node& root);

template <class Config>
void read_config(const Node& root, Config& config) {
  ConfigReader reader(root);
  describe(reader, config);
  reader.finish();
}

template <class Config>
nlohmann::ordered_json config_json(const Config& config) {
  Config copy = config;
  ConfigWriter writer;
  describe(writer, copy);
  return writer.take();
}

}  // namespace facerec
