#include <dlfcn.h>

#include "facerec/core/error.h"
#include "tools/front.h"

namespace facerec {

const Verbs& library() {
  static const Verbs* const verbs = [] {
    // RTLD_GLOBAL: LibTorch's CUDA libraries, opened later, and faiss must find LibTorch's symbols.
    void* handle = dlopen("libfacerec.so", RTLD_NOW | RTLD_GLOBAL);
    if (handle == nullptr) {
      throw Error(std::string("the library cannot be opened: ") + dlerror())
          .hint("is LibTorch still where it was at build time? scripts/setup installs it");
    }
    const auto entry = reinterpret_cast<decltype(&facerec_verbs)>(dlsym(handle, "facerec_verbs"));
    if (entry == nullptr) throw Error("libfacerec.so is of another version").hint("rebuild or reinstall facerec");
    return entry();
  }();
  return *verbs;
}

}  // namespace facerec
