#include "facerec/core/launch.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/exit_codes.h"

namespace facerec {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds until_killed{30};  // as torchrun

// Between this and the first process's own use the port could be taken: its error then says so.
uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  auto* general = reinterpret_cast<sockaddr*>(&address);
  const bool found = socket >= 0 && bind(socket, general, size) == 0 && getsockname(socket, general, &size) == 0;
  const int code = errno;
  if (socket >= 0) close(socket);
  if (!found) throw Error(fmt::format("no free port for the processes to meet at: {}", std::strerror(code)));
  return ntohs(address.sin_port);
}

// Signals that are waited for, not handled: blocked here, not in the processes that are started.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigemptyset(&set_);
    for (int signal : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~BlockedSignals() { restore(); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  void restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  // The next one; 0 when `until` has come.
  int wait(std::optional<Clock::time_point> until) const {
    const auto left = until ? std::max(*until - Clock::now(), Clock::duration::zero()) : Clock::duration::max();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec time{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    const int signal = sigtimedwait(&set_, nullptr, until ? &time : nullptr);
    return std::max(signal, 0);
  }

 private:
  sigset_t set_{}, before_{};
};

class Launch {
 public:
  Launch(int64_t count, const std::vector<std::string>& arguments) {
    setenv("WORLD_SIZE", std::to_string(count).c_str(), 1);
    setenv("LOCAL_WORLD_SIZE", std::to_string(count).c_str(), 1);
    setenv("MASTER_ADDR", "127.0.0.1", 1);
    setenv("MASTER_PORT", std::to_string(free_port()).c_str(), /*overwrite=*/0);
    for (int64_t rank = 0; rank < count; ++rank) start(rank, arguments);
  }

  int wait() {
    while (running() > 0) {
      const int signal = signals_.wait(killing_);
      if (signal == SIGCHLD) {
        reap();
      } else if (signal != 0) {
        handed_on_ = signal;
        tell(signal);
      } else if (killing_ && Clock::now() >= *killing_) {
        killing_.reset();
        tell(SIGKILL);
      }
    }
    return failed_ ? *failed_ : ended_well_;
  }

 private:
  struct Child {
    pid_t pid;
    bool running;
  };

  void start(int64_t rank, const std::vector<std::string>& arguments) {
    setenv("RANK", std::to_string(rank).c_str(), 1);
    setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0) become(parent, arguments);
    if (pid > 0) return children_.push_back({pid, true});
    const int code = errno;
    tell(SIGKILL);
    throw Error(fmt::format("process {} cannot be started: {}", rank, std::strerror(code)));
  }

  [[noreturn]] void become(pid_t parent, std::vector<std::string> arguments) const {
    setpgid(0, 0);  // a terminal's Ctrl-C would otherwise reach it twice, and the second one ends it without saving
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    signals_.restore();
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    execv("/proc/self/exe", words.data());
    std::fprintf(stderr, "facerec: error: cannot start itself again: %s\n", std::strerror(errno));
    _exit(127);
  }

  int64_t running() const {
    return std::count_if(children_.begin(), children_.end(), [](const Child& child) { return child.running; });
  }

  void tell(int signal) const {
    for (const Child& child : children_) {
      if (child.running) kill(child.pid, signal);
    }
  }

  void reap() {
    for (size_t rank = 0; rank < children_.size(); ++rank) {
      int status = 0;
      if (!children_[rank].running || waitpid(children_[rank].pid, &status, WNOHANG) <= 0) continue;
      children_[rank].running = false;
      take(rank, status);
    }
  }

  void take(size_t rank, int status) {
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const int code = signal != 0 ? exit_signal + signal : WEXITSTATUS(status);
    const bool stopped =
        signal != 0 ? signal == handed_on_ : code == exit_signal + SIGINT || code == exit_signal + SIGTERM;
    if (code == exit_done || code == exit_skipped || stopped) {
      ended_well_ = std::max(ended_well_, code);
    } else if (!failed_) {
      failed_ = code;
      const std::string how = signal != 0 ? fmt::format("was killed by signal {} ({})", signal, strsignal(signal))
                                          : fmt::format("ended with exit code {}", code);
      std::fprintf(stderr, "facerec: process %zu of %zu %s; the others are stopped\n", rank, children_.size(),
                   how.c_str());
      tell(SIGTERM);
      killing_ = Clock::now() + until_killed;
    }
  }

  const BlockedSignals signals_;
  std::vector<Child> children_;
  int handed_on_ = 0, ended_well_ = 0;
  std::optional<int> failed_;
  std::optional<Clock::time_point> killing_;
};

}  // namespace

int launch(int64_t count, const std::vector<std::string>& arguments) { return Launch(count, arguments).wait(); }

}  // namespace facerec
