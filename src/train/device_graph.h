// What a GPU was told to do, recorded to be done again: a CUDA graph, without CUDA's headers.
#pragma once

#include <memory>

namespace facerec {

class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  // What is launched on the current stream, which is not the default one, between begin() and end() is recorded and not
  // done; replay() launches it.
  virtual void begin() = 0;
  virtual void end() = 0;
  virtual void replay() = 0;
};

// From libfacerec_cuda_graph.so; LibTorch's CUDA libraries are open. Throws an Error where facerec was built without
// it.
std::unique_ptr<DeviceGraph> make_device_graph();

}  // namespace facerec
