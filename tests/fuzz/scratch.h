// Files for readers that take a path.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "facerec/core/files.h"

namespace facerec::fuzz {

// A folder in memory, removed when the process ends.
class Scratch {
 public:
  Scratch() {
    char pattern[] = "/dev/shm/facerec-fuzz-XXXXXX";
    if (mkdtemp(pattern) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code failure;
    fs::remove_all(path_, failure);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  fs::path write(const fs::path& name, std::string_view content) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// One input as several texts: parted by bytes of 0xFF, which UTF-8 never has.
inline std::string_view take_part(std::string_view& rest) {
  const std::string_view part = rest.substr(0, rest.find('\xFF'));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

}  // namespace facerec::fuzz
