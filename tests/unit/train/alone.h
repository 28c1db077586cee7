// Tests of one process.
#pragma once

#include "facerec/dist/world.h"

namespace facerec::test {

inline const World alone;

}  // namespace facerec::test
