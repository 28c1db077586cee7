// Real processes for tests: forked, so that they share the test's code. The test's own process computes nothing with
// LibTorch, whose threads do not survive a fork.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "facerec/core/launch.h"
#include "facerec/dist/world.h"

namespace facerec::test {

struct Ended {
  int code = 0;  // 0: the body returned and no expectation failed; 1 or 2: it threw an Error; 3: an expectation failed
  int signal = 0;    // that killed it
  std::string text;  // what it wrote: the message of its Error, failed expectations
};

class Processes {
 public:
  // Starts them; `body` runs in each.
  Processes(int64_t size, const std::function<void(const ProcessPlace&)>& body);

  pid_t pid(size_t rank) const { return children_[rank].pid; }

  size_t size() const { return children_.size(); }

  // Each may be waited for once. Who is still there after 60 s is killed.
  Ended wait_for(size_t rank);
  std::vector<Ended> wait();

 private:
  struct Child {
    pid_t pid;
    std::string output;
  };
  std::vector<Child> children_;
};

// A port that nobody listens on.
uint16_t free_port();

// `body` in `size` processes that have met; expects all of them to end well.
void run_together(int64_t size, const std::function<void(const World&)>& body);

}  // namespace facerec::test
