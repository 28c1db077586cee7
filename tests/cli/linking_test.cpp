#include <dlfcn.h>
#include <gmock/gmock.h>

#include <fstream>

namespace facerec {
namespace {

using testing::HasSubstr;
using testing::Not;

// LibTorch's own matrix multiplication must win over the BLAS that OpenCV brings in: else it is up to 80 times slower.
TEST(Linking, MatrixProductsComeFromLibTorch) {
  ASSERT_NE(dlopen(FACEREC_LIBRARY, RTLD_NOW | RTLD_GLOBAL), nullptr) << dlerror();
  Dl_info info{};
  ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, "sgemm_"), &info), 0);
  EXPECT_THAT(info.dli_fname, HasSubstr("libtorch_cpu"));
}

TEST(Linking, CudaIsNotLoaded) {
  ASSERT_NE(dlopen(FACEREC_LIBRARY, RTLD_NOW | RTLD_GLOBAL), nullptr) << dlerror();
  std::ifstream maps("/proc/self/maps");
  std::string line, all;
  while (std::getline(maps, line)) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("libtorch_cpu"));
  EXPECT_THAT(all, Not(HasSubstr("libtorch_cuda")));
}

}  // namespace
}  // namespace facerec
