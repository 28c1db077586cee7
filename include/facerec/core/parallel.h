// Threads: how many this process may use, and a loop over them.
#pragma once

#include <cstdint>
#include <functional>

namespace facerec {

// Cores that this process may use: the affinity mask, cut by the CPU quota of its cgroup (v1 or v2). At least 1.
int available_cores();

// `threads` when positive, else available_cores(); of several processes of one training, each has its part of them.
int resolve_threads(int threads);

// Calls body(i) for i in [0, count) from `threads` threads (0: all cores), in no order. The first exception is
// rethrown here after the threads have stopped; later iterations are then not started.
void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body);

}  // namespace facerec
