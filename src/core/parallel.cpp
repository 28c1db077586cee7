#include "facerec/core/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/core/launch.h"

namespace facerec {
namespace {

int affinity_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

// Whole cores that the cgroup's quota allows; 0 without a quota.
int quota_cores() {
  double quota = 0, period = 0;
  std::string first;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> first >> period) {
    if (first == "max") return 0;
    quota = std::strtod(first.c_str(), nullptr);
  } else {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? static_cast<int>(std::ceil(quota / period)) : 0;
}

// Of one training, on this machine; whoever minds that the environment contradicts itself says so elsewhere.
int processes_here() {
  try {
    return static_cast<int>(process_place().local_size);
  } catch (const Error&) {
    return 1;
  }
}

// Cores that Slurm gives to this process alone; 0 when it does not say.
int slurm_cores() {
  const char* text = std::getenv("SLURM_CPUS_PER_TASK");
  return text == nullptr ? 0 : std::atoi(text);
}

}  // namespace

int available_cores() {
  const int quota = quota_cores();
  const int cores = affinity_cores();
  return std::max(1, quota > 0 ? std::min(cores, quota) : cores);
}

int resolve_threads(int threads) {
  if (threads > 0) return threads;
  const int processes = processes_here(), cores = available_cores();
  if (processes == 1) return cores;
  if (slurm_cores() > 0) return std::min(cores, slurm_cores());
  return std::max(1, cores / processes);
}

void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body) {
  const int64_t workers = std::min<int64_t>(resolve_threads(threads), count);
  std::atomic<int64_t> next = 0;
  std::exception_ptr failure;
  std::mutex failure_mutex;
  auto work = [&] {
    for (int64_t i; (i = next.fetch_add(1)) < count;) {
      try {
        body(i);
      } catch (...) {
        std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::jthread> pool;
  for (int64_t i = 1; i < workers; ++i) pool.emplace_back(work);
  work();
  pool.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace facerec
