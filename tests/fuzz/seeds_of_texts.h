#pragma once

#include "facerec/core/files.h"

// The seeds of fuzz_lists and fuzz_settings, below `corpus`.
void write_texts(const facerec::fs::path& corpus);
