// Folders by name.
#pragma once

#include <algorithm>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

// The folders directly below, the last by name first: names of checkpoints count steps, names of runs end in the time
// they began. Hidden ones are left out.
inline std::vector<fs::path> folders_newest_first(const fs::path& parent) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.')) folders.push_back(entry.path());
  }
  std::sort(folders.rbegin(), folders.rend());
  return folders;
}

}  // namespace facerec
