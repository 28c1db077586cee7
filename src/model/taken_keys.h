// Keys of a configuration that the named thing does not take.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace facerec {

using Keys = std::span<const char* const>;

// Throws a usage Error for the first key, "name" aside, that `takes` lacks and whose value is not the default.
void refuse_other_keys(const std::string& section, const nlohmann::ordered_json& config,
                       const nlohmann::ordered_json& defaults, Keys takes);

}  // namespace facerec
