// In place of gloo.cpp and reducer.cpp, where LibTorch is not of the release that those are written for.
#include <torch/headeronly/version.h>

#include "dist/backends.h"
#include "dist/reducer.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

[[noreturn]] void refuse() {
  throw Error("facerec was built with LibTorch " TORCH_VERSION ", and several processes train with LibTorch 2.13 only")
      .hint("train in one process, or build with the LibTorch that scripts/setup installs");
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_gloo(const c10::intrusive_ptr<c10d::Store>& /*store*/, int /*rank*/,
                                            int /*size*/, std::chrono::milliseconds /*timeout*/) {
  refuse();
}

std::unique_ptr<c10d::Reducer> make_reducer(const std::vector<at::Tensor>& /*parameters*/,
                                            const std::unordered_map<size_t, std::string>& /*names*/,
                                            const c10::intrusive_ptr<c10d::ProcessGroup>& /*group*/) {
  refuse();
}

}  // namespace facerec
