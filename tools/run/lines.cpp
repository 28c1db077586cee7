#include "tools/run/lines.h"

#include <fmt/format.h>

namespace facerec {

void Lines::add(const std::string& label, const std::string& value) {
  text_ += fmt::format("  {:<15}{}\n", label, value);
}

void Lines::add_unless_null(const std::string& label, const nlohmann::ordered_json& value) {
  if (!value.is_null()) add(label, value.is_string() ? value.get<std::string>() : value.dump());
}

std::string with_commas(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), 1, ',');
  return digits;
}

}  // namespace facerec
