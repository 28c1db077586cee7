// Where tensors live and in which precision they are computed.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "facerec/model/spec.h"

namespace facerec {

// "auto", "cpu", "cuda" or "cuda:N"; auto and cuda mean the GPU of this process among those of its machine, number
// `local_rank`. CUDA's libraries are opened here and only here, and only when they are asked for
// or, for auto, when an NVIDIA driver is present: a CPU run never loads them. Throws a usage Error for another word
// and, where CUDA is asked for but impossible, an Error that says why and what to install.
at::Device open_device(const std::string& name, int64_t local_rank = 0);

// The precision that "auto" stands for on this device: bf16 where it is computed natively (AVX512-BF16, AMX; CUDA
// capability 8.0), else fp32. Other names are returned as they are.
std::string resolve_precision(const std::string& precision, at::Device device);

// Autocast to bf16 or fp16 for a scope; nothing when `precision` is fp32.
class Autocast {
 public:
  Autocast(at::Device device, const std::string& precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType type_;
  bool active_;
};

// uint8 [N,H,W,3] RGB on any device → fp32 [N,3,H,W] on the same device: channels ordered and normalised as the model
// expects.
at::Tensor normalise(const at::Tensor& nhwc, const Preprocess& preprocess, at::MemoryFormat format);

}  // namespace facerec
