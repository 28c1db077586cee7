#include "facerec/core/module.h"

#include <dlfcn.h>

#include <filesystem>

#include "facerec/core/error.h"

namespace facerec {

void* open_module(const std::string& file, const char* function, const std::string& purpose,
                  const std::string& remedy) {
  Dl_info place{};
  dladdr(reinterpret_cast<const void*>(&open_module), &place);
  const std::filesystem::path path = std::filesystem::path(place.dli_fname).parent_path() / file;
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    throw Error(purpose + " needs " + file + ", which cannot be opened: " + dlerror()).hint(remedy);
  }
  void* found = dlsym(module, function);
  if (found == nullptr) throw Error(file + " is of another version").hint("rebuild or reinstall facerec");
  return found;
}

}  // namespace facerec
