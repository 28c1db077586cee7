// A progress line on standard error: only on a terminal, at most ten times a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace facerec {

// How fast work goes now: what was done in the last half minute counts most. Pauses are left out by not being told.
class Pace {
 public:
  void add(double count, double seconds);  // of work, and the time that it took
  double per_second() const;               // 0 before the first

 private:
  double count_ = 0, seconds_ = 0;
};

// "2 h 13 min", "41 s"; "" for what is not finite.
std::string duration_text(double seconds);

class Progress {
 public:
  // `unit` names what is counted ("images").
  Progress(std::string title, int64_t total, std::string unit);
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total`, and free text after it ("loss 3.21  lr 0.1"). `speed`, a second, is what the time left is told
  // from; 0: the mean since the first call. Cheap when nothing is to be drawn.
  void update(int64_t done, const std::string& detail = "", double speed = 0);

 private:
  using Clock = std::chrono::steady_clock;
  std::string title_, unit_;
  int64_t total_;
  int64_t first_ = -1;  // `done` of the first call: work of an earlier process does not count as speed
  Clock::time_point start_ = Clock::now(), drawn_{};
  bool enabled_;
};

}  // namespace facerec
