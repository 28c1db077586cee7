#include "facerec/core/memory.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

namespace facerec {
namespace {

constexpr int64_t no_limit = std::numeric_limits<int64_t>::max();

// "VmRSS:   1234 kB"; 0 when the file does not say.
int64_t kilobytes_of(const char* file, const std::string& key) {
  std::ifstream text(file);
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(key + ":")) continue;
    return std::strtoll(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}

int64_t number_in(const std::string& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word.empty() || word == "max" ? no_limit : std::strtoll(word.c_str(), nullptr, 10);
}

int64_t left_in(const std::string& folder, const char* limit, const char* used) {
  const int64_t most = number_in(folder + "/" + limit), now = number_in(folder + "/" + used);
  return most == no_limit || now == no_limit ? no_limit : std::max<int64_t>(most - now, 0);
}

// The limit of a cgroup counts for all below it. Inside a container, the folder may be mounted as the root.
int64_t left_in_cgroups(std::string path, const std::string& root, const char* limit, const char* used) {
  int64_t left = left_in(root, limit, used);
  while (path.size() > 1) {
    left = std::min(left, left_in(root + path, limit, used));
    path.erase(path.rfind('/'));
  }
  return left;
}

int64_t left_in_cgroup() {
  int64_t left = no_limit;
  std::ifstream groups("/proc/self/cgroup");  // "0::/path", "4:memory:/path"
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string number, controllers, path;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    if (controllers.empty()) {
      left = std::min(left, left_in_cgroups(path, "/sys/fs/cgroup", "memory.max", "memory.current"));
    } else if (controllers == "memory") {
      left = std::min(left,
                      left_in_cgroups(path, "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"));
    }
  }
  return left;
}

}  // namespace

int64_t free_memory() { return std::min(kilobytes_of("/proc/meminfo", "MemAvailable"), left_in_cgroup()); }

int64_t resident_memory() { return kilobytes_of("/proc/self/status", "VmRSS"); }

int64_t peak_resident_memory() { return kilobytes_of("/proc/self/status", "VmHWM"); }

void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << 5; }  // proc(5)

std::string memory_text(int64_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (bytes < 1'000'000) return fmt::format("{:.0f} kB", amount / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.0f} MB", amount / 1e6);
  return fmt::format("{:.1f} GB", amount / 1e9);
}

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

}  // namespace facerec
