// bad_inputs.txt of a run: the images that could not be used, and why.
#pragma once

#include <vector>

#include "facerec/core/files.h"
#include "facerec/data/problems.h"
#include "facerec/dist/world.h"

namespace facerec {

// What opening the data left out, and what the loaders of all processes met, joined with what earlier processes of the
// run had written. All processes call it, the first writes. Returns how many there are.
int64_t write_bad_inputs(const fs::path& run, const Problems& left_out, const std::vector<BadInput>& met,
                         const World& world);

}  // namespace facerec
