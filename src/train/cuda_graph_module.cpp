// libfacerec_cuda_graph.so: opened after LibTorch's CUDA libraries, in which it finds what it needs.
#include <ATen/cuda/CUDAGraph.h>

#include "train/device_graph.h"

namespace facerec {
namespace {

class CudaGraph final : public DeviceGraph {
 public:
  // Other threads, as the one that writes a checkpoint, may go on with what would spoil a recording of the whole
  // process.
  void begin() override { graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal); }
  void end() override { graph_.capture_end(); }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

}  // namespace
}  // namespace facerec

extern "C" facerec::DeviceGraph* facerec_make_graph() { return new facerec::CudaGraph(); }
