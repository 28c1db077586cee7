// Whether a call goes on with what an earlier one has begun.
#pragma once

#include <string>

#include "facerec/core/files.h"

namespace facerec {

// Both are JSON objects in text. Throws a usage Error naming `out` that lists the keys of `now` whose values differ.
void check_same_job(const std::string& before, const std::string& now, const fs::path& out);

}  // namespace facerec
