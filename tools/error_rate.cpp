#include <fmt/format.h>

#include "tools/front.h"

namespace facerec {

CLI::Validator error_rate() {
  const auto fault_of = [](const std::string& text) -> std::string {
    double rate = 0;
    if (CLI::detail::lexical_cast(text, rate) && rate > 0 && rate <= 0.5) return "";
    return fmt::format("{} is no rate above 0 and up to 0.5", text);
  };
  return CLI::Validator(fault_of, "FLOAT above 0, up to 0.5", "");
}

}  // namespace facerec
