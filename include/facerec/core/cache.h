// Where a program may keep what it can make or fetch again (XDG Base Directory Specification 0.8).
#pragma once

#include "facerec/core/files.h"

namespace facerec {

// $XDG_CACHE_HOME/facerec, else ~/.cache/facerec; "" where neither variable names an absolute path. It may not exist
// yet.
fs::path cache_folder();

}  // namespace facerec
