// Every key of a configuration with its default, from the one declaration in describe(): for documentation, completion.
#pragma once

#include <string>
#include <vector>

#include "facerec/config/fields.h"

namespace facerec {

struct ConfigKey {
  std::string path;   // "train.batch_size"; of an entry of a list "data.train.0.path"
  std::string type;   // "whole number", "number", "text", "list of numbers", …; "section" and "list" have keys below
  std::string value;  // the default, as in YAML; empty for sections and lists
  std::string help;
  Rule rule;
};

// Visits a struct and lists its keys in the order of declaration, sections before what they hold. A list is given one
// entry, with the defaults of its struct.
class KeyLister : public Fields {
 public:
  std::vector<ConfigKey> take() { return std::move(keys_); }

 protected:
  void leaf(const FieldInfo& info, FieldValue value) override;
  bool begin_section(const FieldInfo& info) override;
  void end_section() override;
  size_t begin_list(const FieldInfo& info, size_t size) override;
  void begin_item(size_t index) override;
  void end_item() override;
  void end_list() override;

 private:
  std::string path_to(const std::string& name) const;
  std::vector<ConfigKey> keys_;
  std::vector<std::string> levels_;
};

template <class Config>
std::vector<ConfigKey> config_keys(Config config = {}) {
  KeyLister lister;
  describe(lister, config);
  return lister.take();
}

}  // namespace facerec
