#include "facerec/core/launch.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "facerec/core/parallel.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

constexpr const char* variables_read[] = {"RANK",
                                          "WORLD_SIZE",
                                          "LOCAL_RANK",
                                          "LOCAL_WORLD_SIZE",
                                          "MASTER_ADDR",
                                          "MASTER_PORT",
                                          "TORCHELASTIC_RUN_ID",
                                          "TORCHELASTIC_RESTART_COUNT",
                                          "TORCHELASTIC_USE_AGENT_STORE",
                                          "SLURM_PROCID",
                                          "SLURM_NTASKS",
                                          "SLURM_LOCALID",
                                          "SLURM_NODEID",
                                          "SLURM_STEP_ID",
                                          "SLURM_STEP_NUM_TASKS",
                                          "SLURM_STEP_TASKS_PER_NODE",
                                          "SLURM_TASKS_PER_NODE",
                                          "SLURM_NTASKS_PER_NODE",
                                          "SLURM_STEP_NODELIST",
                                          "SLURM_JOB_NODELIST",
                                          "SLURM_JOB_ID",
                                          "SLURM_RESTART_COUNT",
                                          "SLURM_CPUS_PER_TASK"};

// The environment of what is being tested: these variables, and of those that it reads no others.
class ScopedVariables {
 public:
  explicit ScopedVariables(const Variables& variables) {
    clear();
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  }
  ~ScopedVariables() { clear(); }
  ScopedVariables(const ScopedVariables&) = delete;
  ScopedVariables& operator=(const ScopedVariables&) = delete;

 private:
  static void clear() {
    for (const char* name : variables_read) unsetenv(name);
  }
};

Variables with(Variables base, const Variables& more) {
  for (const auto& [name, value] : more) {
    if (value == "absent") {
      base.erase(name);
    } else {
      base[name] = value;
    }
  }
  return base;
}

const Variables torchrun{{"RANK", "3"},
                         {"WORLD_SIZE", "4"},
                         {"LOCAL_RANK", "1"},
                         {"LOCAL_WORLD_SIZE", "2"},
                         {"MASTER_ADDR", "node1"},
                         {"MASTER_PORT", "29511"}};

const Variables slurm{{"SLURM_PROCID", "5"},       {"SLURM_NTASKS", "7"},
                      {"SLURM_LOCALID", "1"},      {"SLURM_NODEID", "2"},
                      {"SLURM_STEP_ID", "0"},      {"SLURM_TASKS_PER_NODE", "2(x3),1"},
                      {"SLURM_JOB_ID", "4567891"}, {"SLURM_JOB_NODELIST", "node[01-03,7],b3"}};

ProcessPlace place_of(const Variables& variables) {
  const ScopedVariables scope(variables);
  return process_place();
}

std::string error_of(const Variables& variables) {
  try {
    place_of(variables);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_FALSE(error.hint().empty());
    return error.message();
  }
  return "none";
}

TEST(ProcessPlace, IsAloneWithoutAStarter) {
  for (const Variables& variables :
       {Variables{}, with(slurm, {{"SLURM_STEP_ID", "absent"}}),  // a batch script, a shell inside salloc
        with(slurm, {{"SLURM_PROCID", "absent"}}), with(slurm, {{"SLURM_STEP_ID", "4294967290"}}),
        with(slurm, {{"SLURM_NTASKS", "1"}, {"SLURM_PROCID", "0"}}), Variables{{"RANK", "0"}, {"WORLD_SIZE", "1"}}}) {
    const ProcessPlace place = place_of(variables);
    EXPECT_EQ(place.size, 1);
    EXPECT_EQ(place.rank, 0);
    EXPECT_EQ(place.address, "");
    EXPECT_FALSE(place.restarted);
  }
}

TEST(ProcessPlace, IsTorchrunsPlace) {
  const ProcessPlace place = place_of(torchrun);
  EXPECT_EQ(place.rank, 3);
  EXPECT_EQ(place.size, 4);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.local_size, 2);
  EXPECT_EQ(place.address, "node1");
  EXPECT_EQ(place.port, 29511);
  EXPECT_FALSE(place.agent_has_store);
  EXPECT_FALSE(place.restarted);
}

TEST(ProcessPlace, AttemptsOfTorchrunDiffer) {
  const auto more = [](const char* count) {
    return with(torchrun, {{"TORCHELASTIC_RESTART_COUNT", count},
                           {"TORCHELASTIC_RUN_ID", "job"},
                           {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
  };
  const ProcessPlace first = place_of(more("0")), second = place_of(more("1"));
  EXPECT_TRUE(first.agent_has_store);
  EXPECT_FALSE(first.restarted);
  EXPECT_TRUE(second.restarted);
  EXPECT_NE(first.attempt, second.attempt);
}

TEST(ProcessPlace, IsSlurmsPlace) {
  const ProcessPlace place = place_of(slurm);
  EXPECT_EQ(place.rank, 5);
  EXPECT_EQ(place.size, 7);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.local_size, 2);
  EXPECT_EQ(place.address, "node01");
  EXPECT_EQ(place.port, 15000 + 7891);
  EXPECT_FALSE(place.restarted);
  EXPECT_EQ(place_of(with(slurm, {{"SLURM_NODEID", "3"}, {"SLURM_PROCID", "6"}, {"SLURM_LOCALID", "0"}})).local_size,
            1);
  const ProcessPlace again = place_of(with(slurm, {{"SLURM_RESTART_COUNT", "1"}}));
  EXPECT_TRUE(again.restarted);
  EXPECT_NE(again.attempt, place.attempt);
}

TEST(ProcessPlace, AStepOfSlurmMayBeSmallerThanItsJob) {
  const ProcessPlace place = place_of(with(slurm, {{"SLURM_NTASKS", "12"},
                                                   {"SLURM_STEP_NUM_TASKS", "7"},
                                                   {"SLURM_STEP_NODELIST", "c7"},
                                                   {"SLURM_STEP_TASKS_PER_NODE", "3(x4)"}}));
  EXPECT_EQ(place.size, 7);
  EXPECT_EQ(place.local_size, 3);
  EXPECT_EQ(place.address, "c7");
}

TEST(ProcessPlace, TheFirstHostOfAListOfSlurm) {
  for (const auto& [list, host] : std::map<std::string, std::string>{{"node[01-04,7],b3", "node01"},
                                                                     {"b3,node[1-2]", "b3"},
                                                                     {"b3", "b3"},
                                                                     {"gpu-[7,9]", "gpu-7"},
                                                                     {"n[10-12]-ib,n3", "n10-ib"}}) {
    EXPECT_EQ(place_of(with(slurm, {{"SLURM_JOB_NODELIST", list}})).address, host);
  }
  EXPECT_EQ(place_of(with(slurm, {{"MASTER_ADDR", "other"}})).address, "other");
  EXPECT_EQ(place_of(with(slurm, {{"MASTER_PORT", "4321"}})).port, 4321);
}

TEST(ProcessPlace, TorchrunGoesBeforeSlurm) {
  Variables both = slurm;
  both.insert(torchrun.begin(), torchrun.end());
  EXPECT_EQ(place_of(both).size, 4);
}

TEST(ProcessPlace, EveryContradictionIsNamed) {
  const auto torchrun_error = [](const Variables& more) { return error_of(with(torchrun, more)); };
  const auto slurm_error = [](const Variables& more) { return error_of(with(slurm, more)); };
  EXPECT_EQ(torchrun_error({{"WORLD_SIZE", "absent"}}), "WORLD_SIZE is not set in the environment, and RANK is");
  EXPECT_EQ(torchrun_error({{"RANK", "absent"}}), "RANK is not set in the environment, and WORLD_SIZE is");
  EXPECT_EQ(torchrun_error({{"RANK", "4"}}), "RANK=4 in the environment, and WORLD_SIZE=4: ranks are 0 … 3");
  EXPECT_EQ(torchrun_error({{"RANK", "-1"}}), "RANK=-1 in the environment is not in 0…2147483647");
  EXPECT_EQ(torchrun_error({{"RANK", "two"}}), "RANK='two' in the environment is no number");
  EXPECT_EQ(torchrun_error({{"WORLD_SIZE", "0"}}), "WORLD_SIZE=0 in the environment is not in 1…2147483647");
  EXPECT_EQ(torchrun_error({{"LOCAL_RANK", "absent"}}), "LOCAL_RANK is not set in the environment, and RANK is");
  EXPECT_EQ(torchrun_error({{"LOCAL_RANK", "2"}}),
            "LOCAL_RANK=2 in the environment, and LOCAL_WORLD_SIZE=2: ranks are 0 … 1");
  EXPECT_EQ(torchrun_error({{"LOCAL_WORLD_SIZE", "5"}}), "LOCAL_WORLD_SIZE=5 in the environment is not in 1…4");
  EXPECT_EQ(torchrun_error({{"MASTER_ADDR", "absent"}}), "MASTER_ADDR is not set in the environment, and RANK is");
  EXPECT_EQ(torchrun_error({{"MASTER_PORT", "http"}}), "MASTER_PORT='http' in the environment is no number");
  EXPECT_EQ(torchrun_error({{"MASTER_PORT", "70000"}}), "MASTER_PORT=70000 in the environment is not in 1…65535");
  EXPECT_EQ(slurm_error({{"SLURM_NTASKS", "absent"}}),
            "SLURM_NTASKS is not set in the environment, and SLURM_PROCID is");
  EXPECT_EQ(slurm_error({{"SLURM_PROCID", "7"}}),
            "SLURM_PROCID=7 in the environment, and SLURM_NTASKS=7: ranks are 0 … 6");
  EXPECT_THAT(slurm_error({{"SLURM_TASKS_PER_NODE", "2(x2"}}), HasSubstr("does not say how many tasks node 2 has"));
  EXPECT_THAT(slurm_error({{"SLURM_NODEID", "9"}}), HasSubstr("does not say how many tasks node 9 has"));
  EXPECT_THAT(slurm_error({{"SLURM_TASKS_PER_NODE", "absent"}}), HasSubstr("SLURM_NTASKS_PER_NODE is not set"));
  EXPECT_THAT(slurm_error({{"SLURM_JOB_NODELIST", "node[1"}}), HasSubstr("names no host"));
  EXPECT_THAT(slurm_error({{"SLURM_LOCALID", "2"}}), HasSubstr("SLURM_LOCALID=2"));
}

TEST(ResolveThreads, SharesTheCoresAmongTheProcessesOfThisMachine) {
  const int cores = available_cores();
  const auto threads = [](const Variables& variables) {
    const ScopedVariables scope(variables);
    EXPECT_EQ(resolve_threads(5), 5);
    return resolve_threads(0);
  };
  EXPECT_EQ(threads({}), cores);
  EXPECT_EQ(threads(torchrun), std::max(1, cores / 2));
  EXPECT_EQ(threads(slurm), std::max(1, cores / 2));
  EXPECT_EQ(threads(with(slurm, {{"SLURM_CPUS_PER_TASK", "1"}})), 1);
  EXPECT_EQ(threads({{"RANK", "1"}}), cores);  // who contradicts itself is told so elsewhere
}

// ---- launch: this program starts itself, and the test below is what its processes do.

void remember(int) {}

TEST(Launched, Process) {
  const char* task = std::getenv("LAUNCH_TEST");
  if (task == nullptr) return;  // only the tests that follow start it
  const ProcessPlace place = process_place();
  if (std::string(task) == "places") {
    std::fprintf(stderr, "rank %d of %d, local %d of %d\n", static_cast<int>(place.rank), static_cast<int>(place.size),
                 static_cast<int>(place.local_rank), static_cast<int>(place.local_size));
    _exit(0);
  }
  if (std::string(task) == "skipped") _exit(place.rank == 1 ? 3 : 0);
  if (std::string(task) == "fails" && place.rank == 1) _exit(2);
  if (std::string(task) == "dies" && place.rank == 1) raise(SIGKILL);
  // Waits for a stop signal; whoever gets two tells.
  for (int signal : {SIGINT, SIGTERM}) std::signal(signal, remember);
  sigset_t none, stop;
  sigemptyset(&none);
  sigemptyset(&stop);
  for (int signal : {SIGINT, SIGTERM}) sigaddset(&stop, signal);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  std::fprintf(stderr, "ready\n");
  int signal = 0;
  sigwait(&stop, &signal);
  const timespec time{0, 100'000'000};
  const bool again = sigtimedwait(&stop, nullptr, &time) > 0;
  std::fprintf(stderr, "%s\n", again ? "stopped twice" : "stopped once");
  _exit(128 + signal);
}

struct Launched {
  int code = 0;
  std::string text;
};

size_t count_of(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// launch(count) in a process of its own, and group; `then` is called with its id once `ready` processes have said so.
Launched launch_here(int64_t count, const char* task, size_t ready = 0, const std::function<void(pid_t)>& then = {}) {
  std::array<int, 2> output{};
  if (pipe(output.data()) != 0) return {-1, "no pipe"};
  const pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    close(output[0]);
    close(output[1]);
    setenv("LAUNCH_TEST", task, 1);
    _exit(launch(count, {"core_test", "--gtest_filter=Launched.Process"}));
  }
  close(output[1]);
  Launched launched;
  std::array<char, 4096> bytes{};
  bool told = ready == 0;
  for (ssize_t size; (size = read(output[0], bytes.data(), bytes.size())) > 0;) {
    launched.text.append(bytes.data(), static_cast<size_t>(size));
    if (!told && count_of(launched.text, "ready") == ready) {
      told = true;
      then(pid);
    }
  }
  close(output[0]);  // now all of them have ended
  int status = 0;
  waitpid(pid, &status, 0);
  launched.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return launched;
}

TEST(Launch, GivesEachProcessItsPlace) {
  const Launched launched = launch_here(3, "places");
  EXPECT_EQ(launched.code, 0) << launched.text;
  for (int rank = 0; rank < 3; ++rank) {
    const std::string text = std::to_string(rank) + " of 3";
    EXPECT_THAT(launched.text, HasSubstr("rank " + text + ", local " + text));
  }
}

TEST(Launch, EndsAsItsProcessesDo) { EXPECT_EQ(launch_here(2, "skipped").code, 3); }

TEST(Launch, StopsTheOthersWhenOneFails) {
  const Launched launched = launch_here(3, "fails");
  EXPECT_EQ(launched.code, 2) << launched.text;
  EXPECT_THAT(launched.text, HasSubstr("process 1 of 3 ended with exit code 2; the others are stopped"));
}

TEST(Launch, TellsByWhichSignalOneWasKilled) {
  const Launched launched = launch_here(2, "dies");
  EXPECT_EQ(launched.code, 128 + SIGKILL) << launched.text;
  EXPECT_THAT(launched.text, HasSubstr("process 1 of 2 was killed by signal 9"));
}

TEST(Launch, HandsStopSignalsOnOnce) {
  for (int signal : {SIGINT, SIGTERM}) {
    const Launched launched = launch_here(2, "wait", 2, [&](pid_t pid) { kill(-pid, signal); });  // as a terminal
    EXPECT_EQ(launched.code, 128 + signal) << launched.text;
    EXPECT_EQ(count_of(launched.text, "stopped once"), 2U) << launched.text;
  }
}

TEST(Launch, LeavesNobodyBehindWhenItIsKilled) {
  const Launched launched = launch_here(2, "wait", 2, [](pid_t pid) { kill(pid, SIGKILL); });
  EXPECT_EQ(launched.code, 128 + SIGKILL);  // reading their output ended, so they have
  EXPECT_EQ(count_of(launched.text, "stopped once"), 2U) << launched.text;
}

}  // namespace
}  // namespace facerec
