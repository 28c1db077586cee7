// How two configurations of a training differ.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace facerec {

// A line a key, "\n  optimizer.lr: 0.1 <here>, 0.2 <there>"; "" when they are alike. Keys that a resumed run, or a
// process of one, may have otherwise are left out: they move its end, or where and how fast it is computed.
std::string config_differences(const nlohmann::ordered_json& a, const nlohmann::ordered_json& b,
                               const std::string& here, const std::string& there);

}  // namespace facerec
