// The networks behind super-resolution. Free of LibTorch.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>
#include <string>

#include "facerec/core/files.h"
#include "facerec/infer/super_resolution.h"
#include "infer/planes.h"

namespace facerec {

class Enlarger {
 public:
  virtual ~Enlarger() = default;
  virtual Planes enlarge(const Planes& image) = 0;  // `scale` times as wide and high; not thread-safe
};

// What it takes to use one.
struct EnlargingNetwork {
  std::string title;  // "RCAN"
  int scale = 0;
  int channels = 3;   // 3: RGB; 1: luma
  float range = 255;  // of the values, from 0
  std::unique_ptr<Enlarger> enlarger;
};

EnlargingNetwork open_torch_enlarger(const fs::path& file, const SuperResolverOptions& options);
EnlargingNetwork open_onnx_enlarger(const fs::path& file, const SuperResolverOptions& options);

// A graph from fp32 [1,C,H,W] to fp32 [1,C,sH,sW] on OpenVINO's CPU plugin, in fp32 or bf16. `file`: for errors.
std::unique_ptr<Enlarger> openvino_enlarger(const std::shared_ptr<ov::Model>& graph, const fs::path& file,
                                            const std::string& precision, int threads);

}  // namespace facerec
