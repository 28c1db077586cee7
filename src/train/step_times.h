// What the time of a training step goes into.
#pragma once

#include <torch/torch.h>

#include <array>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace facerec {

enum class StepPart { data, forward, head, backward, optimizer, communication, other };

inline constexpr std::array<std::pair<StepPart, const char*>, 7> step_parts = {{
    {StepPart::data, "data"},
    {StepPart::forward, "forward"},
    {StepPart::head, "head"},
    {StepPart::backward, "backward"},
    {StepPart::optimizer, "optimizer"},
    {StepPart::communication, "communication"},
    {StepPart::other, "other"},
}};

// The time of this thread's step is this part's from here to the next call. Nothing where nobody measures.
void enter(StepPart part);

// The part before the last one goes on.
void enter_again();

// Hears enter() in this thread while it lives: on the CPU by its clock, on CUDA by events in the stream, which wait for
// nothing.
class StepTimes {
 public:
  explicit StepTimes(torch::Device device);
  ~StepTimes();
  StepTimes(const StepTimes&) = delete;
  StepTimes& operator=(const StepTimes&) = delete;

  // Ends the parts entered since the last call, and adds their times up. Waits for the device.
  void finish_step();
  void forget();  // what has been added up

  double seconds(StepPart part) const { return seconds_[static_cast<size_t>(part)]; }
  double seconds() const;  // of all parts

 private:
  friend void enter(StepPart part);
  friend void enter_again();
  struct Border;
  torch::Device device_;
  std::vector<Border> borders_;
  std::array<double, step_parts.size()> seconds_{};
};

// What is entered in this scope is not heard of.
class Unheard {
 public:
  Unheard();
  ~Unheard();
  Unheard(const Unheard&) = delete;
  Unheard& operator=(const Unheard&) = delete;

 private:
  StepTimes* before_;
};

}  // namespace facerec
