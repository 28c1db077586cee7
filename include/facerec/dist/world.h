// The processes of one training and what they tell one another: c10d underneath, Gloo on CPUs and NCCL on GPUs.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "facerec/core/launch.h"
#include "facerec/core/share.h"

namespace facerec {

// All members but rank() and the like are called by every process, in the same order. Those on tensors do nothing when
// there is one process. Each throws an Error within the timeout when a process is gone or does not answer; it says
// which and where that one was.
class World {
 public:
  World();  // one process alone
  // Meets the others. `device`: of the tensors. Throws a usage Error when the port is in use, an Error when somebody
  // does not come. Where there are others, SIGPIPE is ignored from then on: one may die while it is written to.
  World(const ProcessPlace& place, at::Device device, std::chrono::seconds timeout);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int64_t rank() const;
  int64_t size() const;
  bool is_first() const { return rank() == 0; }
  Range share(int64_t total) const { return share_of(total, rank(), size()); }

  // In place, on the device or on the CPU.
  void sum(at::Tensor& x) const;
  void max(at::Tensor& x) const;
  void broadcast(at::Tensor& x, int64_t from = 0) const;

  // The rows of all, by rank: [share(total), …] → [total, …]. No gradient.
  at::Tensor gather(const at::Tensor& rows, int64_t total) const;

  // What every process has to say, by rank. For short texts before the first step and at rare events.
  std::vector<std::string> exchange(const std::string& text) const;

  // Others wait, however long it takes, until the first process has done something by itself; throws when it dies.
  // `what` names it in messages: "validation".
  void wait_for_first(const std::string& what) const;

  // For the messages of the others, who hear of it within half a second; costs nothing.
  void report_step(int64_t step) const;

  // For measurements: called with true before whatever waits for other processes, with false after it, in the thread
  // that waits. Of gradients, which are sent while the backward pass runs, only what is waited for behind it counts.
  void on_waiting(std::function<void(bool begins)> listener) const;

 private:
  struct State;
  friend class GradientSync;
  std::unique_ptr<State> state_;  // null: alone
};

}  // namespace facerec
