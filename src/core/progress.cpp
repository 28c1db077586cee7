#include "facerec/core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace facerec {
namespace {

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(std::string title, int64_t total, std::string unit)
    : title_(std::move(title)), unit_(std::move(unit)), total_(total), enabled_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (enabled_ && drawn_ != Clock::time_point{}) std::fputs("\r\033[K", stderr);
}

void Progress::update(int64_t done, const std::string& detail) {
  if (first_ < 0) first_ = done;
  if (!enabled_) return;
  const auto now = Clock::now();
  if (now - drawn_ < std::chrono::milliseconds(100) && done != total_) return;
  drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double speed = elapsed > 0 ? static_cast<double>(done - first_) / elapsed : 0;
  const double share = static_cast<double>(done) / static_cast<double>(std::max<int64_t>(1, total_));
  std::string line = fmt::format("\r\033[K{} {}/{} {:.0f}%", title_, done, total_, 100 * share);
  line += fmt::format("  {:.0f} {}/s", speed, unit_);
  if (!detail.empty()) line += "  " + detail;
  if (speed > 0) line += "  " + duration(static_cast<double>(total_ - done) / speed) + " left";
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace facerec
