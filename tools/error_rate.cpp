#include <fmt/format.h>

#include "tools/front.h"

namespace facerec {

CLI::Validator error_rate() {
  constexpr double most = 0.5;
  const auto fault = [](const std::string& text) {
    double rate = 0;
    const bool is_rate = CLI::detail::lexical_cast(text, rate) && rate > 0 && rate <= most;
    return is_rate ? "" : fmt::format("{} is no rate above 0 and up to {:g}", text, most);
  };
  return {fault, fmt::format("FLOAT above 0, up to {:g}", most), ""};
}

}  // namespace facerec
