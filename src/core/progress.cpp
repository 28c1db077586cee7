#include "facerec/core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace facerec {

void Pace::add(double count, double seconds) {
  constexpr double memory = 30;  // seconds
  const double kept = std::exp(-seconds / memory);
  count_ = kept * count_ + count;
  seconds_ = kept * seconds_ + seconds;
}

double Pace::per_second() const { return seconds_ > 0 ? count_ / seconds_ : 0; }

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds)) return "";
  const auto whole = static_cast<int64_t>(std::clamp(seconds, 0.0, 1e12));
  if (whole < 60) return fmt::format("{} s", whole);
  const int64_t minutes = whole / 60, hours = minutes / 60;
  if (hours == 0) return fmt::format("{} min {} s", minutes, whole % 60);
  if (hours < 48) return fmt::format("{} h {} min", hours, minutes % 60);
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

Progress::Progress(std::string title, int64_t total, std::string unit)
    : title_(std::move(title)), unit_(std::move(unit)), total_(total), enabled_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (enabled_ && drawn_ != Clock::time_point{}) std::fputs("\r\033[K", stderr);
}

void Progress::update(int64_t done, const std::string& detail, double speed) {
  if (first_ < 0) first_ = done;
  if (!enabled_) return;
  const auto now = Clock::now();
  if (now - drawn_ < std::chrono::milliseconds(100) && done != total_) return;
  drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  if (speed <= 0 && elapsed > 0) speed = static_cast<double>(done - first_) / elapsed;
  const double share = static_cast<double>(done) / static_cast<double>(std::max<int64_t>(1, total_));
  std::string line = fmt::format("\r\033[K{} {}/{} {:.0f}%", title_, done, total_, 100 * share);
  line += fmt::format("  {:.0f} {}/s", speed, unit_);
  if (!detail.empty()) line += "  " + detail;
  if (speed > 0) line += "  " + duration_text(static_cast<double>(total_ - done) / speed) + " left";
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace facerec
