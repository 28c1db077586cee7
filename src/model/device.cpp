#include "facerec/model/device.h"

#include <ATen/autocast_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <mutex>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

const char* const cuda_remedy = "scripts/setup --cuda installs LibTorch's CUDA libraries; or run with --device cpu";

bool has_nvidia_driver() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver != nullptr) dlclose(driver);
  return driver != nullptr;
}

void open_cuda_libraries() {
  // Before the first tensor is made on the device; registers the CUDA backend with LibTorch.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw Error(std::string("LibTorch's CUDA libraries cannot be opened: ") + dlerror()).hint(cuda_remedy);
  }
}

torch::Device open_cuda(int64_t index) {
  if (!has_nvidia_driver()) {
    throw Error("no NVIDIA driver: libcuda.so.1 is not on this machine")
        .hint("install the driver, or run with --device cpu");
  }
  open_cuda_libraries();
  const auto count = torch::cuda::device_count();
  // srun --gpus-per-task=1 shows each process its own alone.
  if (count == 1 && std::getenv("SLURM_PROCID") != nullptr) index = 0;
  if (count == 0) throw Error("the NVIDIA driver shows no usable GPU").hint("see nvidia-smi; or run with --device cpu");
  if (index >= count) {
    throw Error::usage("there is no cuda:" + std::to_string(index) + ", only " + std::to_string(count) + " GPUs")
        .hint("each process of a machine takes the GPU of its number; see CUDA_VISIBLE_DEVICES");
  }
  const torch::Device device{torch::kCUDA, static_cast<torch::DeviceIndex>(index)};
  c10::impl::getDeviceGuardImpl(device.type())
      ->setDevice(device);  // pinned memory and recordings are the current one's
  return device;
}

torch::Device open_cuda_or_cpu(int64_t index) {
  if (!has_nvidia_driver()) return torch::kCPU;
  try {
    return open_cuda(index);
  } catch (const Error& error) {
    static std::once_flag told;
    std::call_once(told, [&] { spdlog::warn("computes on the CPU, not on the GPU: {}", error.what()); });
    return torch::kCPU;
  }
}

}  // namespace

torch::Device open_device(const std::string& name, int64_t local_rank) {
  if (name == "cpu") return torch::kCPU;
  if (name == "auto") return open_cuda_or_cpu(local_rank);
  if (name == "cuda") return open_cuda(local_rank);
  if (name.starts_with("cuda:")) {
    uint8_t index = 0;
    if (parse_number(std::string_view(name).substr(5), index)) return open_cuda(index);
  }
  throw Error::usage("'" + name + "' is not a device").hint("auto, cpu, cuda or cuda:N");
}

std::string resolve_precision(const std::string& precision, torch::Device device) {
  if (precision != "auto") return precision;
  const bool native = device.is_cuda() ? at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8()
                                       : __builtin_cpu_supports("avx512bf16") != 0;
  return native ? "bf16" : "fp32";
}

Autocast::Autocast(torch::Device device, const std::string& precision)
    : type_(device.type()), active_(precision != "fp32") {
  if (!active_) return;
  at::autocast::set_autocast_enabled(type_, true);
  at::autocast::set_autocast_dtype(type_, precision == "fp16" ? torch::kHalf : torch::kBFloat16);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(type_, false);
}

torch::Tensor normalise(const torch::Tensor& nhwc, const Preprocess& preprocess, torch::MemoryFormat format) {
  torch::Tensor x = nhwc.permute({0, 3, 1, 2});
  if (preprocess.bgr) x = x.flip(1);
  x = x.to(torch::kFloat32, false, false, format);
  // (x/255 − mean)/std as one multiplication and one addition; by numbers, which no device waits for.
  const auto &mean = preprocess.mean, &deviation = preprocess.std;
  auto scale = [&](size_t c) { return 1.0F / (255.0F * deviation[c]); };
  auto shift = [&](size_t c) { return -mean[c] / deviation[c]; };
  const bool alike =
      mean[0] == mean[1] && mean[1] == mean[2] && deviation[0] == deviation[1] && deviation[1] == deviation[2];
  if (alike) return x.mul_(scale(0)).add_(shift(0));
  for (size_t c = 0; c < 3; ++c) x.select(1, static_cast<int64_t>(c)).mul_(scale(c)).add_(shift(c));
  return x;
}

}  // namespace facerec
