#include "model/allocation_count.h"

#include <c10/core/Allocator.h>

#include <algorithm>
#include <mutex>

namespace facerec {

// CUDA's backward passes run in a thread of their own.
class AllocationCount::Counter : public c10::MemoryReportingInfoBase {
 public:
  bool memoryProfilingEnabled() const override { return true; }

  void reportMemoryUsage(void*, int64_t bytes, size_t, size_t, c10::Device) override {
    const std::lock_guard lock(mutex_);
    live_ += bytes;
    peak_ = std::max(peak_, live_);
  }

  int64_t live() {
    const std::lock_guard lock(mutex_);
    return live_;
  }

  int64_t peak() {
    const std::lock_guard lock(mutex_);
    return peak_;
  }

  void reset_peak() {
    const std::lock_guard lock(mutex_);
    peak_ = live_;
  }

 private:
  std::mutex mutex_;
  int64_t live_ = 0, peak_ = 0;
};

AllocationCount::AllocationCount()
    : counter_(std::make_shared<Counter>()), guard_(c10::DebugInfoKind::PROFILER_STATE, counter_) {}

int64_t AllocationCount::live() const { return counter_->live(); }
int64_t AllocationCount::peak() const { return counter_->peak(); }
void AllocationCount::reset_peak() { counter_->reset_peak(); }

}  // namespace facerec
