#include "dist/backends.h"
#include "facerec/core/module.h"

namespace facerec {

using MakeNccl = c10d::Backend* (*)(const c10::intrusive_ptr<c10d::Store>&, int, int, std::chrono::milliseconds);

c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                            std::chrono::milliseconds timeout) {
  static const auto make = reinterpret_cast<MakeNccl>(
      open_module("libfacerec_nccl.so", "facerec_make_nccl", "training on several GPUs",
                  "build with -DFACEREC_NCCL=ON, where the headers of CUDA and NCCL are; or train in one process"));
  return c10::intrusive_ptr<c10d::Backend>::reclaim(make(store, rank, size, timeout));
}

}  // namespace facerec
