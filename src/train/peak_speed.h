// The most that a device could compute.
#pragma once

#include <torch/torch.h>

#include <string>

namespace facerec {

struct PeakSpeed {
  double flop_per_second;
  std::string from;  // "NVIDIA's data sheet of H100 SXM" or "a matrix product measured here"
};

// For dense matrix products in this precision (fp32 | bf16 | fp16): published for the GPUs of a table, measured for all
// else with the threads that LibTorch uses.
PeakSpeed peak_speed(torch::Device device, const std::string& precision);

}  // namespace facerec
