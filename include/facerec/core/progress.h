// A progress line on standard error: only on a terminal, at most ten times a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace facerec {

class Progress {
 public:
  // `unit` names what is counted ("images").
  Progress(std::string title, int64_t total, std::string unit);
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total`, and free text after it ("loss 3.21  lr 0.1"). Cheap when nothing is to be drawn.
  void update(int64_t done, const std::string& detail = "");

 private:
  using Clock = std::chrono::steady_clock;
  std::string title_, unit_;
  int64_t total_;
  int64_t first_ = -1;  // `done` of the first call: work of an earlier process does not count as speed
  Clock::time_point start_ = Clock::now(), drawn_{};
  bool enabled_;
};

}  // namespace facerec
