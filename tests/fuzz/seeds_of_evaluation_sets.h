// Seeds for the readers of .npy, bcolz and verification packs.
#pragma once

#include "facerec/core/files.h"

namespace facerec::test {

void write_evaluation_sets(const fs::path& folder);  // npy/, bcolz/ and pack/

}  // namespace facerec::test
