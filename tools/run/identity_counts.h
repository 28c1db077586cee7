// How many images the identities of a data set have.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "facerec/data/dataset.h"

namespace facerec {

// {"min", "median", "max", "histogram": [{"from", "to", "identities"}, …]}, in steps of 1, 2, 5, 10, 20, 50, …
nlohmann::ordered_json images_per_identity(const Dataset& data);

// "1 to 4, median 3: 1 with 1, 5 with 2, 6 with 3-5"
std::string counts_text(const nlohmann::ordered_json& counts);

}  // namespace facerec
