// Seeds of files of landmarks.
#pragma once

#include "facerec/core/files.h"

void write_landmarks(const facerec::fs::path& corpus);
