// Super-resolution: small images made large. Free of LibTorch.
#pragma once

#include <memory>
#include <string>

#include "facerec/core/files.h"
#include "facerec/image/image.h"

namespace facerec {

class SuperResolver {
 public:
  virtual ~SuperResolver() = default;
  virtual int scale() const = 0;             // that the network was trained for; 0: any
  virtual std::string name() const = 0;      // for tables: "bicubic", "RCAN x4", "super-resolution-10 x3"
  virtual std::string identity() const = 0;  // SHA-256 of the network's file; "" where there is none

  // The image at this size: enlarged by scale() and, where that is another size, brought to it by Pillow's bicubic
  // filter. May be called from any thread; networks take their callers one after the other. Throws an Error for an
  // image that the network cannot take.
  virtual Image enlarge(const Image& image, int width, int height) = 0;
};

struct SuperResolverOptions {
  std::string device = "auto";     // auto | cpu | cuda | cuda:N; ONNX models: auto | cpu
  std::string precision = "auto";  // auto | fp32 | bf16 | fp16 (on CUDA only); auto: bf16 where the device computes it
                                   // natively, several times as fast and within 40 dB (PSNR) of fp32
  int threads = 0;                 // 0: the cores available
};

// `method` is one of
//   bicubic         Pillow's filter, which every table of super-resolution is measured against
//   FILE.onnx       through OpenVINO: one input of fp32 [1,C,H,W], fixed or open in size, and one output s times as
//                   large, s from 2 to 8. C = 3: RGB. C = 1: the luma of BT.601's full range; the chroma is enlarged by
//                   the bicubic filter (ESPCN, the super-resolution-10 of the ONNX model zoo). Whether the values are
//                   0 … 1 or 0 … 255 is found by trying: a network must give about what the bicubic filter gives.
//   any other file  .pth, .pt, .safetensors: told by its keys, of any depth and width,
//                   RCAN (Zhang et al. 2018, "Image Super-Resolution Using Very Deep Residual Channel Attention
//                   Networks"; yulunzhang/RCAN), for a scale of 2, 3, 4 or 8;
//                   ESPCN (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient
//                   Sub-Pixel Convolutional Neural Network"; yjn870/ESPCN-pytorch) on RGB, for a scale of 2 … 8
// Throws a usage Error for a method that there is not, a missing file or options that cannot be, and an Error naming
// the file for one that holds no such network.
// A run or a checkpoint of the task super_resolution stands for its network's file.
std::unique_ptr<SuperResolver> open_super_resolver(const std::string& method, const SuperResolverOptions& options = {});

// The network's file of such a run (best/, else its newest checkpoint) or checkpoint; any other path as it is.
fs::path find_super_resolver(const fs::path& path);

}  // namespace facerec
