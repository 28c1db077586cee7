// How much a test made the program allocate at once. Linking allocations.cpp replaces operator new.
#pragma once

#include <atomic>
#include <cstddef>

namespace facerec::test {

extern std::atomic<size_t> largest_allocation;  // bytes, since it was last set to 0

}  // namespace facerec::test
