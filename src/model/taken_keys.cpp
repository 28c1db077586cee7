#include "model/taken_keys.h"

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {

void refuse_other_keys(const std::string& section, const nlohmann::ordered_json& config,
                       const nlohmann::ordered_json& defaults, Keys takes) {
  for (const auto& [key, value] : config.items()) {
    if (key == "name" || value == defaults.at(key) || std::ranges::find(takes, key) != takes.end()) continue;
    const std::string name = config.at("name");
    const std::vector<std::string> known(takes.begin(), takes.end());
    throw Error::usage(name + " takes no " + key)
        .key(section + "." + key)
        .hint(known.empty() ? "leave it out" : "leave it out; " + name + " takes " + join(known));
  }
}

}  // namespace facerec
