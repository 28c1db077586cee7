#include "train/step_times.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <numeric>
#include <optional>
#include <utility>

namespace facerec {
namespace {

thread_local StepTimes* listening = nullptr;

}  // namespace

struct StepTimes::Border {
  StepPart part;  // that begins here
  std::chrono::steady_clock::time_point time;
  std::optional<c10::Event> event;  // on CUDA in place of the time

  Border(StepPart next, torch::Device device) : part(next), time(std::chrono::steady_clock::now()) {
    if (device.is_cpu()) return;
    event.emplace(device.type(), c10::EventFlag::BACKEND_DEFAULT);  // the one that takes the time
    event->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  }

  double seconds_to(const Border& later) const {
    if (event) return event->elapsedTime(*later.event) * 1e-3;
    return std::chrono::duration<double>(later.time - time).count();
  }
};

StepTimes::StepTimes(torch::Device device) : device_(device) { listening = this; }

StepTimes::~StepTimes() { listening = nullptr; }

Unheard::Unheard() : before_(std::exchange(listening, nullptr)) {}

Unheard::~Unheard() { listening = before_; }

void enter(StepPart part) {
  if (listening != nullptr) listening->borders_.emplace_back(part, listening->device_);
}

void enter_again() {
  if (listening == nullptr || listening->borders_.size() < 2) return;
  enter(listening->borders_[listening->borders_.size() - 2].part);
}

void StepTimes::finish_step() {
  enter(StepPart::other);
  if (borders_.back().event) borders_.back().event->synchronize();
  for (size_t i = 0; i + 1 < borders_.size(); ++i) {
    seconds_[static_cast<size_t>(borders_[i].part)] += borders_[i].seconds_to(borders_[i + 1]);
  }
  borders_.clear();
}

void StepTimes::forget() { seconds_ = {}; }

double StepTimes::seconds() const { return std::accumulate(seconds_.begin(), seconds_.end(), 0.0); }

}  // namespace facerec
