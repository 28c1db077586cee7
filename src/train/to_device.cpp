#include "train/to_device.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace facerec {

torch::Tensor to_device(const torch::Tensor& host, torch::Device device) {
  if (device.is_cpu()) return host;
  const c10::impl::VirtualGuardImpl gpu(device.type());
  static const c10::Stream copying = gpu.getStreamFromGlobalPool(device);  // a process has one GPU
  const torch::Tensor pinned = host.pin_memory();
  const c10::Stream computing = gpu.getStream(device);
  torch::Tensor there;
  c10::Event copied(device.type());
  {
    const c10::StreamGuard on_copying(copying);
    there = pinned.to(device, /*non_blocking=*/true);
    copied.record(copying);
  }
  copied.block(computing);
  there.record_stream(computing);  // its memory is not given away while that stream may read it
  return there;
}

}  // namespace facerec
