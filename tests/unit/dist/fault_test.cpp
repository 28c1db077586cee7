// What users are told when a process dies, hangs or does not come, and that nobody waits for ever.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <torch/torch.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "dist/gradient_sync.h"
#include "facerec/core/error.h"
#include "support/processes.h"

namespace facerec {
namespace {

using std::chrono::seconds;
using test::Ended;
using test::Processes;
using testing::HasSubstr;

void steps(const World& world, int64_t count) {
  for (int64_t step = 0; step < count; ++step) {
    world.report_step(step);
    at::Tensor x = torch::ones({1000});
    world.sum(x);
  }
}

// All, with those that hang killed once `waiting` has ended.
std::vector<Ended> ended_without(size_t hanging, size_t waiting, Processes& processes) {
  const Ended first = processes.wait_for(waiting);
  kill(processes.pid(hanging), SIGKILL);
  std::vector<Ended> ended;
  for (size_t rank = 0; rank < processes.size(); ++rank) {
    ended.push_back(rank == waiting ? first : processes.wait_for(rank));
  }
  return ended;
}

class Watch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

void pass_beats() { std::this_thread::sleep_for(std::chrono::milliseconds(700)); }

TEST(Fault, AKilledProcessIsNamedAtOnce) {
  Processes processes(3, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(60));
    steps(world, 121);
    pass_beats();
    if (place.rank == 1) raise(SIGKILL);
    steps(world, 10);
  });
  const Watch watch;
  const std::vector<Ended> ended = processes.wait();
  EXPECT_LT(watch.seconds(), 15);
  EXPECT_EQ(ended[1].signal, SIGKILL);
  for (const size_t rank : {0U, 2U}) {
    EXPECT_EQ(ended[rank].code, 1) << ended[rank].text;
    EXPECT_THAT(ended[rank].text, HasSubstr("process 1 is gone (it was at step 120)"));
  }
}

TEST(Fault, AProcessKilledInTheMidstOfABackwardPassIsNamed) {
  Processes processes(2, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(60));
    at::Tensor x = torch::ones({1 << 20}).requires_grad_();
    GradientSync sync({{"x", x}}, world);
    for (int step = 0;; ++step) {
      world.report_step(step);
      const at::Tensor loss = x.pow(2).sum();
      sync.prepare({loss});
      if (step == 3 && place.rank == 1) raise(SIGKILL);
      sync.backward(loss);
      x.mutable_grad().reset();
    }
  });
  const Watch watch;
  const std::vector<Ended> ended = processes.wait();
  EXPECT_LT(watch.seconds(), 15);
  EXPECT_EQ(ended[0].code, 1) << ended[0].text;
  EXPECT_THAT(ended[0].text, HasSubstr("process 1 is gone (it was "));
}

// Gloo's writev() may meet a connection that the dead process has reset.
TEST(Fault, WritingToAProcessThatIsGoneKillsNobody) {
  Processes processes(2, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(60));
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(pipe(pipe_ends.data()), 0);
    close(pipe_ends[0]);
    EXPECT_EQ(write(pipe_ends[1], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
  });
  for (const Ended& ended : processes.wait()) {
    EXPECT_EQ(ended.signal, 0);
    EXPECT_EQ(ended.code, 0) << ended.text;
  }
}

TEST(Fault, AHangingProcessIsNamedAfterTheTimeout) {
  Processes processes(3, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(2));
    steps(world, 8);
    if (place.rank == 2) pause();
    steps(world, 10);
  });
  const std::vector<Ended> ended = ended_without(2, 0, processes);
  for (const size_t rank : {0U, 1U}) {
    EXPECT_EQ(ended[rank].code, 1) << ended[rank].text;
    EXPECT_THAT(ended[rank].text, HasSubstr("process 2 hangs at step 7; the others have waited 2 s"));
  }
}

TEST(Fault, AStoppedProcessDoesNotAnswer) {
  Processes processes(2, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(2));
    steps(world, 8);
    pass_beats();
    if (place.rank == 1) raise(SIGSTOP);
    steps(world, 10);
  });
  const std::vector<Ended> ended = ended_without(1, 0, processes);
  EXPECT_EQ(ended[0].code, 1) << ended[0].text;
  EXPECT_THAT(ended[0].text, HasSubstr("process 1 does not answer (it was at step 7)"));
}

TEST(Fault, TheFirstProcessWithItsStoreIsGone) {
  Processes processes(3, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(60));
    steps(world, 5);
    if (place.rank == 0) raise(SIGKILL);
    steps(world, 5);
  });
  const Watch watch;
  const std::vector<Ended> ended = processes.wait();
  EXPECT_LT(watch.seconds(), 15);
  for (const size_t rank : {1U, 2U}) {
    EXPECT_EQ(ended[rank].code, 1) << ended[rank].text;
    EXPECT_THAT(ended[rank].text, HasSubstr("process 0, where the processes keep in touch, is gone"));
  }
}

TEST(Fault, WaitingForTheFirstEndsWhenItDies) {
  Processes processes(2, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(60));
    if (place.rank == 0) raise(SIGKILL);
    world.wait_for_first("validation");
  });
  const Watch watch;
  const std::vector<Ended> ended = processes.wait();
  EXPECT_LT(watch.seconds(), 15);
  EXPECT_EQ(ended[1].code, 1) << ended[1].text;
  EXPECT_THAT(ended[1].text, HasSubstr("process 0"));
}

TEST(Fault, AnErrorOfOneProcessIsToldToTheOthers) {
  Processes processes(3, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, seconds(60));
    steps(world, 5);
    pass_beats();
    if (place.rank == 1) throw Error("no space left on the device");
    steps(world, 5);
  });
  const Watch watch;
  const std::vector<Ended> ended = processes.wait();
  EXPECT_LT(watch.seconds(), 15);
  EXPECT_THAT(ended[1].text, HasSubstr("no space left"));
  for (const size_t rank : {0U, 2U}) {
    EXPECT_EQ(ended[rank].code, 1) << ended[rank].text;
    EXPECT_THAT(ended[rank].text, HasSubstr("process 1 ended with an error at step 4"));
  }
}

TEST(Fault, AProcessThatNeverComesIsNamed) {
  Processes processes(3, [](const ProcessPlace& place) {
    if (place.rank == 2) return;
    const World world(place, at::kCPU, seconds(2));
  });
  const Watch watch;
  const std::vector<Ended> ended = processes.wait();
  EXPECT_LT(watch.seconds(), 15);
  for (const size_t rank : {0U, 1U}) {
    EXPECT_EQ(ended[rank].code, 1) << ended[rank].text;
    EXPECT_THAT(ended[rank].text, HasSubstr("only 2 of 3 processes came within 2 s: process 2 did not"));
  }
}

TEST(Fault, APortInUseIsAUsageErrorThatNamesIt) {
  const int socket = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(socket, 1), 0);
  ASSERT_EQ(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const uint16_t port = ntohs(address.sin6_port);
  Processes processes(1, [&](const ProcessPlace& one) {
    ProcessPlace place = one;
    place.size = 2;
    place.port = port;
    const World world(place, at::kCPU, seconds(2));
  });
  const std::vector<Ended> ended = processes.wait();
  close(socket);
  EXPECT_EQ(ended[0].code, 2) << ended[0].text;
  EXPECT_THAT(ended[0].text, HasSubstr("port " + std::to_string(port) + " is in use"));
  EXPECT_THAT(ended[0].text, HasSubstr("MASTER_PORT"));
}

}  // namespace
}  // namespace facerec
