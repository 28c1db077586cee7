#include "support/processes.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <torch/torch.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "facerec/core/error.h"

namespace facerec::test {
namespace {

using Clock = std::chrono::steady_clock;

int run_body(const std::function<void(const ProcessPlace&)>& body, const ProcessPlace& place) {
  at::set_num_threads(1);
  try {
    body(place);
  } catch (const Error& error) {
    std::fprintf(stderr, "Error: %s; %s\n", error.message().c_str(), error.hint().c_str());
    return error.kind() == Error::Kind::usage ? 2 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "not an Error: %s\n", error.what());
    return 3;
  }
  return testing::Test::HasFailure() ? 3 : 0;
}

std::string temporary_file() {
  std::string path = testing::TempDir() + "/processes-XXXXXX";
  const int file = mkstemp(path.data());
  if (file >= 0) close(file);
  return path;
}

std::string take(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  std::remove(path.c_str());
  return text.str();
}

}  // namespace

uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  const bool bound = bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(socket);
  return bound ? ntohs(address.sin_port) : uint16_t{0};
}

Processes::Processes(int64_t size, const std::function<void(const ProcessPlace&)>& body) {
  ProcessPlace place{.size = size, .local_size = size, .address = "127.0.0.1", .port = free_port(), .attempt = "0"};
  for (int64_t rank = 0; rank < size; ++rank) {
    place.rank = place.local_rank = rank;
    const std::string output = temporary_file();
    const pid_t pid = fork();
    if (pid == 0) {
      if (std::freopen(output.c_str(), "w", stderr) == nullptr) _exit(4);
      dup2(STDERR_FILENO, STDOUT_FILENO);
      const int code = run_body(body, place);
      std::fflush(nullptr);
      _exit(code);
    }
    children_.push_back({pid, output});
  }
}

Ended Processes::wait_for(size_t rank) {
  const auto end = Clock::now() + std::chrono::seconds(60);
  const Child& child = children_[rank];
  int status = 0;
  bool late = false;
  while (waitpid(child.pid, &status, WNOHANG) == 0) {
    if (Clock::now() > end && !late) {
      late = true;
      kill(child.pid, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  Ended ended;
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  ended.text = take(child.output) + (late ? "killed: it took too long\n" : "");
  return ended;
}

std::vector<Ended> Processes::wait() {
  std::vector<Ended> ended;
  for (size_t rank = 0; rank < size(); ++rank) ended.push_back(wait_for(rank));
  return ended;
}

void run_together(int64_t size, const std::function<void(const World&)>& body) {
  Processes processes(size, [&](const ProcessPlace& place) {
    const World world(place, at::kCPU, std::chrono::seconds(30));
    body(world);
  });
  const std::vector<Ended> ended = processes.wait();
  for (size_t rank = 0; rank < ended.size(); ++rank) {
    EXPECT_EQ(ended[rank].code, 0) << "process " << rank << ":\n" << ended[rank].text;
    EXPECT_EQ(ended[rank].signal, 0) << "process " << rank << ":\n" << ended[rank].text;
  }
}

}  // namespace facerec::test
