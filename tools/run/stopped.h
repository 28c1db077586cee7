// For work that cannot be gone on with: a signal ends it, and leaves no file.
#pragma once

#include "tools/verbs.h"

namespace facerec {

struct Stopped {
  int signal;
};

void throw_when_stopped();  // Stopped, once stop_signal() is set

// Says so; returns the exit code.
int tell_stopped(const Stopped& stopped, const CommonOptions& common);

}  // namespace facerec
