#include "train/peak_speed.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace facerec {
namespace {

// TFLOP/s, dense, as NVIDIA's data sheets have them (those with sparsity halved): half is that of fp16 and, but for
// V100 and T4, bf16; tf32 is 0 where the GPU has none. GeForce: from the architectures' white papers, with sums in
// fp32.
struct Gpu {
  const char* in_name;  // of the device, as the driver gives it
  const char* sheet;
  double half, tf32, fp32;
};

constexpr Gpu gpus[] = {
    {"H100 PCIe", "H100 PCIe", 756, 378, 51},
    {"H100 NVL", "H100 NVL", 835, 417, 60},
    {"H100", "H100 SXM", 989, 494, 67},
    {"H200", "H200 SXM", 989, 494, 67},
    {"A100", "A100", 312, 156, 19.5},
    {"V100", "V100 SXM2", 125, 0, 15.7},
    {"L40S", "L40S", 362, 183, 91.6},
    {"L4", "L4", 121, 60, 30.3},
    {"A10", "A10", 125, 62.5, 31.2},
    {"T4", "T4", 65, 0, 8.1},
    {"RTX 4090", "RTX 4090", 165.2, 82.6, 82.6},
    {"RTX 3090", "RTX 3090", 71, 35.6, 35.6},
};

// The driver is loaded already; its library is not linked.
std::string name_of(torch::Device device) {
  using GetName = int (*)(char* name, int size, int device);
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (driver == nullptr) return "";
  const auto get_name = reinterpret_cast<GetName>(dlsym(driver, "cuDeviceGetName"));
  char name[256] = "";
  const bool found = get_name != nullptr && get_name(name, sizeof name, std::max<int>(device.index(), 0)) == 0;
  dlclose(driver);
  return found ? name : "";
}

const Gpu* find_gpu(const std::string& name) {
  const auto* gpu =
      std::ranges::find_if(gpus, [&](const Gpu& each) { return name.find(each.in_name) != std::string::npos; });
  return gpu == std::end(gpus) ? nullptr : gpu;
}

void wait_for(torch::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

double measured(torch::Device device, torch::ScalarType type) {
  const torch::NoGradGuard no_grad;
  const int64_t side = device.is_cuda() ? 8192 : 2048;
  const torch::Tensor a = torch::randn({side, side}, device).to(type), b = torch::randn({side, side}, device).to(type);
  double best = std::numeric_limits<double>::infinity(), sum = 0;
  while (sum < 0.5) {
    wait_for(device);
    const auto begin = std::chrono::steady_clock::now();
    a.matmul(b);
    wait_for(device);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = std::min(best, seconds);
    sum += seconds;
  }
  return 2.0 * static_cast<double>(side * side * side) / best;
}

}  // namespace

PeakSpeed peak_speed(torch::Device device, const std::string& precision) {
  const torch::ScalarType type = precision == "bf16"   ? torch::kBFloat16
                                 : precision == "fp16" ? torch::kHalf
                                                       : torch::kFloat32;
  const Gpu* gpu = device.is_cuda() ? find_gpu(name_of(device)) : nullptr;
  if (gpu == nullptr || (precision == "bf16" && gpu->tf32 == 0)) {
    return {measured(device, type), "a matrix product measured here"};
  }
  // cuDNN's convolutions of fp32 images run in TF32 where that is allowed.
  const bool in_tf32 = gpu->tf32 > 0 && at::globalContext().allowTF32CuDNN();
  const double teraflop = precision != "fp32" ? gpu->half : in_tf32 ? gpu->tf32 : gpu->fp32;
  return {teraflop * 1e12, std::string("NVIDIA's data sheet of ") + gpu->sheet};
}

}  // namespace facerec
