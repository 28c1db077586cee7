#include <dlfcn.h>

#include <filesystem>

#include "dist/backends.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using MakeNccl = c10d::Backend* (*)(const c10::intrusive_ptr<c10d::Store>&, int, int, std::chrono::milliseconds);

// Beside the library, or program, that this is part of.
std::filesystem::path module_path() {
  Dl_info place{};
  dladdr(reinterpret_cast<const void*>(&make_nccl), &place);
  return std::filesystem::path(place.dli_fname).parent_path() / "libfacerec_nccl.so";
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                            std::chrono::milliseconds timeout) {
  void* module = dlopen(module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    throw Error(std::string("training on several GPUs needs libfacerec_nccl.so, which cannot be opened: ") + dlerror())
        .hint("build with -DFACEREC_NCCL=ON, where the headers of CUDA and NCCL are; or train in one process");
  }
  const auto make = reinterpret_cast<MakeNccl>(dlsym(module, "facerec_make_nccl"));
  if (make == nullptr) throw Error("libfacerec_nccl.so is of another version").hint("rebuild or reinstall facerec");
  return c10::intrusive_ptr<c10d::Backend>::reclaim(make(store, rank, size, timeout));
}

}  // namespace facerec
