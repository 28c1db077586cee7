// What LibTorch allocates for tensors, on the CPU and on CUDA, counted as the profiler counts it.
#pragma once

#include <c10/util/ThreadLocalDebugInfo.h>

#include <cstdint>
#include <memory>

namespace facerec {

// Counts from its making on, in this thread and in the backward passes that it starts. It must end in that thread.
class AllocationCount {
 public:
  AllocationCount();

  int64_t live() const;  // bytes allocated less bytes freed
  int64_t peak() const;  // the most that were live at once
  void reset_peak();     // to what is live now

 private:
  class Counter;
  std::shared_ptr<Counter> counter_;
  c10::DebugInfoGuard guard_;
};

}  // namespace facerec
