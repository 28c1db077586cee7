// What decides the crops of an alignment.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "recognize/align_source.h"

namespace facerec {

// Throws a usage Error for options that do not go together.
void check_align_options(const AlignOptions& options);

// Which faces are chosen, as JSON.
nlohmann::ordered_json describe_selection(const SelectionOptions& selection);

// The input and all that the crops depend on, as JSON: what --resume compares.
nlohmann::ordered_json describe_align(const AlignInput& input, const AlignOptions& options, const AlignSource& source);

}  // namespace facerec
