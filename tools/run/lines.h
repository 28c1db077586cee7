// Labelled lines of text, made from JSON so that no fact has two sources.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace facerec {

class Lines {
 public:
  void add(const std::string& label, const std::string& value);
  void add_unless_null(const std::string& label, const nlohmann::ordered_json& value);
  std::string text_;
};

std::string with_commas(int64_t number);

}  // namespace facerec
