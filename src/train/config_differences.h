// How two configurations of a training differ.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace facerec {

// What is compared: a run as it was and as it goes on, whose end, place and speed may be others; or the processes of
// one training, each of which has its own place.
enum class Compared { resumed, processes };

// A line a key, "\n  optimizer.lr: 0.1 <here>, 0.2 <there>"; "" when they are alike but for what may differ.
std::string config_differences(Compared compared, const nlohmann::ordered_json& a, const nlohmann::ordered_json& b,
                               const std::string& here, const std::string& there);

}  // namespace facerec
