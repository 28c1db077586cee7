// Memory of this process and of its machine, in bytes, as Linux tells them.
#pragma once

#include <cstdint>
#include <string>

namespace facerec {

// What this process could still take: the free memory of the machine (with what caches would give back), cut by the
// limits of its cgroup (v1 or v2).
int64_t free_memory();

int64_t resident_memory();       // what it holds
int64_t peak_resident_memory();  // the most that it has held since its start, or since forget_peak_memory()
void forget_peak_memory();       // where the kernel allows it

// "812 MB", "3.4 GB": powers of 1000.
std::string memory_text(int64_t bytes);

// From now on what is freed stays with the process for its next allocations. A training frees and takes the same
// hundreds of megabytes in every step; new pages from the system, which have to be cleared, cost it a third of its time.
void keep_freed_memory();

}  // namespace facerec
