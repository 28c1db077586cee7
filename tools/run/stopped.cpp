#include "tools/run/stopped.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "facerec/core/stop.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {

void throw_when_stopped() {
  if (const int signal = stop_signal(); signal != 0) throw Stopped{signal};
}

int tell_stopped(const Stopped& stopped, const CommonOptions& common) {
  spdlog::warn("stopped by a signal; no file is written");
  if (common.json) print_answer(common, {{"signal", stopped.signal}}, "");
  return exit_signal + stopped.signal;
}

}  // namespace facerec
