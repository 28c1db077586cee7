// SIGINT and SIGTERM as a flag that long jobs poll, so that they save before they end.
#pragma once

namespace facerec {

// From now on the first SIGINT or SIGTERM only sets the flag; a second one of the same kind ends the process at once.
void catch_stop_signals();

// The signal that asked this process to stop, or 0. A job that sees it saves and returns; the exit code is 128 + N.
int stop_signal();

}  // namespace facerec
