#include "facerec/core/cache.h"

#include <cstdlib>

namespace facerec {

fs::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path folder = cache != nullptr ? cache : "";
  if (!folder.is_absolute() && home != nullptr && *home != '\0') folder = fs::path(home) / ".cache";
  return folder.is_absolute() ? folder / "facerec" : fs::path();
}

}  // namespace facerec
