#include "tools/version.h"

#include <fmt/format.h>

#include "facerec_build.h"
#include "facerec_commit.h"

namespace facerec {

std::string version_text() {
  const std::string commit = FACEREC_COMMIT, cuda = FACEREC_CUDA_VERSION;
  return fmt::format("facerec {}{}\nLibTorch {}{}\nOpenVINO {}\nOpenCV {}\nbuilt with {}", FACEREC_VERSION,
                     commit.empty() ? "" : " (" + commit + ")", FACEREC_TORCH_VERSION,
                     cuda.empty() ? "" : ", CUDA " + cuda, FACEREC_OPENVINO_VERSION, FACEREC_OPENCV_VERSION,
                     FACEREC_COMPILER);
}

}  // namespace facerec
