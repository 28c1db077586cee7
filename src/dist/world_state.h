// What a World of several processes consists of.
#pragma once

#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "dist/meeting.h"
#include "dist/pulse.h"
#include "facerec/core/error.h"
#include "facerec/dist/world.h"

namespace facerec {

struct World::State {
  State(const ProcessPlace& its_place, at::Device its_device, std::chrono::milliseconds its_timeout);
  ~State();

  // Meets the others and connects with them.
  void join();
  void compare_devices();

  // Calls work(): communication that all processes take part in. What goes wrong there leaves as an Error that says
  // which process is at fault.
  template <class Work>
  void run(const Work& work) {
    begin();
    tell_listener(true);
    try {
      work();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      explain(error);
    }
    tell_listener(false);
  }

  void begin();
  void tell_listener(bool begins) const {
    if (listener) listener(begins);
  }
  [[noreturn]] void explain(const std::exception& error);
  void wait_for_first(const std::string& what);

  const ProcessPlace place;
  const at::Device device;
  const std::chrono::milliseconds timeout;
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroup> group;
  std::unique_ptr<Pulse> pulse;
  std::function<void(bool begins)> listener;
  int64_t waits = 0;    // for the first process: each has a key of its own
  bool failed = false;  // explain() has been called

 private:
  std::string diagnosis(const std::string& text);
  std::string store_is_gone() const;
  void wait_for_goodbyes() noexcept;
};

}  // namespace facerec
