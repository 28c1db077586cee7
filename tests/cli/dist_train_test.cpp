// Trainings of several processes, as users start, disturb and resume them.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

using Words = std::vector<std::string>;

class DistTraining : public testing::Test {
 protected:
  // Without dropout, whose random numbers are a process's own, and with batch norms over all images, the number of
  // processes does not matter to what is learnt.
  Words command(const Words& more, const std::string& name = "t") const {
    Words words{"train", config_, "--name", name, "--threads", "1", "--json"};
    for (const std::string setting :
         {"model.dropout=0", "train.sync_batch_norm=true", "optimizer.lr=0.001", "run.timeout=30"}) {
      words.insert(words.end(), {"--set", setting});
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // A run goes on for as long as a test wants.
  Words endless(const Words& more = {}) const {
    Words words = command({"--set", "train.epochs=100000", "--set", "validation.every_steps=1000000"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  fs::path run(const std::string& name = "t") const {
    for (const auto& entry : fs::directory_iterator(folder_ / "runs")) {
      if (entry.path().filename().string().starts_with(name + "_")) return entry.path();
    }
    return {};
  }

  // By step.
  std::map<int64_t, double> losses(const std::string& name = "t") const {
    std::map<int64_t, double> losses;
    std::istringstream lines(read_text(run(name) / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json.contains("loss")) losses[json.at("step")] = json.at("loss");
    }
    return losses;
  }

  void wait_for_a_checkpoint() const {
    for (int tenths = 0; tenths < 600; ++tenths) {
      std::error_code none;
      const fs::path checkpoints = fs::exists(folder_ / "runs", none) ? run() / "checkpoints" : fs::path();
      for (const auto& entry : fs::directory_iterator(checkpoints, none)) {
        if (entry.path().filename().string().starts_with("step_")) return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    FAIL() << "no checkpoint within a minute";
  }

  // The processes that --nproc started for this test, by rank.
  std::vector<pid_t> workers() const {
    std::map<std::string, pid_t> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/proc", none)) {
      std::ifstream commands(entry.path() / "cmdline"), environment(entry.path() / "environ");
      const std::string words{std::istreambuf_iterator<char>(commands), {}};
      const std::string variables{std::istreambuf_iterator<char>(environment), {}};
      const size_t rank = variables.find(std::string("\0RANK=", 6));
      if (words.find(config_) == std::string::npos || rank == std::string::npos) continue;
      found[variables.substr(rank + 6, 1)] = std::stoi(entry.path().filename());
    }
    std::vector<pid_t> pids;
    for (const auto& [number, pid] : found) pids.push_back(pid);
    return pids;
  }

  TemporaryFolder folder_;
  std::string config_ = small_config(folder_.path());
};

TEST_F(DistTraining, LearnsTheSameInOneAndTwoProcesses) {
  ASSERT_EQ(facerec(command({}, "one")).exit_code, 0);
  const Outcome two = facerec(command({"--nproc", "2"}, "two"));
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_EQ(two.json().at("steps"), 18);
  const auto a = losses("one"), b = losses("two");
  ASSERT_EQ(a.size(), 18U);
  ASSERT_EQ(b.size(), 18U);
  for (const auto& [step, loss] : a) EXPECT_NEAR(b.at(step), loss, 1e-5 * loss) << "step " << step;
}

TEST_F(DistTraining, AKilledProcessEndsTheOthersAndTheRunResumesInAnyNumber) {
  Process training(endless({"--nproc", "2"}));
  wait_for_a_checkpoint();
  const std::vector<pid_t> pids = workers();
  ASSERT_EQ(pids.size(), 2U);
  ASSERT_EQ(::kill(pids[1], SIGKILL), 0);
  const auto killed = std::chrono::steady_clock::now();
  const Outcome outcome = training.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - killed, std::chrono::seconds(20));
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("process 1 is gone (it was "));
  EXPECT_THAT(outcome.err, HasSubstr("signal 9"));

  const auto until = [&](const char* step, const Words& more) {
    Words words = endless({"--resume", "auto", "--set", std::string("train.max_steps=") + step});
    words.insert(words.end(), more.begin(), more.end());
    return facerec(words);
  };
  const int64_t done = losses().rbegin()->first;
  const std::string next = std::to_string(done + 4), last = std::to_string(done + 8);
  const Outcome three = until(next.c_str(), {"--nproc", "3"});
  ASSERT_EQ(three.exit_code, 0) << three.err;
  EXPECT_THAT(three.err, HasSubstr("continues at step"));
  const Outcome one = until(last.c_str(), {});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  const auto curve = losses();
  EXPECT_EQ(curve.rbegin()->first, done + 8);
  EXPECT_EQ(curve.size(), static_cast<size_t>(done + 8)) << "every step once";
}

TEST_F(DistTraining, AStopSignalSavesOneStepOfAll) {
  Process training(endless({"--nproc", "2"}));
  wait_for_a_checkpoint();
  training.send(SIGTERM);
  const Outcome outcome = training.wait();
  EXPECT_EQ(outcome.exit_code, 128 + SIGTERM) << outcome.err;
  const int64_t last = losses().rbegin()->first;
  const std::string saved = fmt::format("step_{:08}", last);
  EXPECT_TRUE(fs::exists(run() / "checkpoints" / saved / "head-00001-of-00002.safetensors")) << saved;
}

TEST_F(DistTraining, AHangingProcessIsNamed) {
  Process training(endless({"--nproc", "2", "--set", "run.timeout=4"}));
  wait_for_a_checkpoint();
  const std::vector<pid_t> pids = workers();
  ASSERT_EQ(pids.size(), 2U);
  ::kill(pids[1], SIGSTOP);
  const auto stopped = std::chrono::steady_clock::now();
  // The launcher waits 30 s for it before it kills it; the other tells sooner.
  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::seconds(15));
    ::kill(pids[1], SIGCONT);
  });
  const Outcome outcome = training.wait();
  waker.join();
  EXPECT_LT(std::chrono::steady_clock::now() - stopped, std::chrono::seconds(60));
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("process 1 does not answer"));
}

TEST_F(DistTraining, ADiskThatIsFullWhileSavingCostsTheCheckpointAlone) {
  Environment full;
  full.file_size_limit = 100'000;  // a checkpoint has millions
  const Outcome outcome = facerec(command({"--nproc", "2"}), full);
  EXPECT_EQ(outcome.exit_code, 1) << "the last one is missing";
  EXPECT_THAT(outcome.err, HasSubstr("could not be written"));
  EXPECT_THAT(outcome.err, HasSubstr("the training goes on without it"));
  EXPECT_EQ(losses().rbegin()->first, 18) << "all steps were done";
  EXPECT_TRUE(fs::is_empty(run() / "checkpoints"));
}

TEST_F(DistTraining, ADamagedCheckpointIsPassedOver) {
  ASSERT_EQ(facerec(command({"--nproc", "2"})).exit_code, 0);
  const fs::path file = run() / "checkpoints" / "step_00000018" / "head-00001-of-00002.safetensors";
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(-3, std::ios::end);
  bytes.put('\x55');
  bytes.close();
  const Outcome outcome = facerec(command({"--resume", "auto"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("is left out"));
  EXPECT_THAT(outcome.err, HasSubstr("its SHA-256 is another"));
  EXPECT_THAT(outcome.err, HasSubstr("continues at step 16"));
}

TEST_F(DistTraining, PartialFCTrainsInTwoProcesses) {
  const Outcome outcome = facerec(command({"--nproc", "2", "--set", "head.sample_rate=0.5"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(std::isfinite(outcome.json().at("final_loss").get<double>()));
}

TEST_F(DistTraining, MoreProcessesThanClassesAreRefused) {
  const Outcome outcome = facerec(command({"--nproc", "13", "--set", "data.workers=1"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("13 processes share the classes, and there are only 12"));
  EXPECT_FALSE(fs::exists(run()));
}

// As torchrun tells a process its place.
Environment place_of(const std::string& rank, const std::string& size) {
  return {{{"RANK", rank},
           {"LOCAL_RANK", rank},
           {"WORLD_SIZE", size},
           {"LOCAL_WORLD_SIZE", size},
           {"MASTER_ADDR", "127.0.0.1"},
           {"MASTER_PORT", "29876"}}};
}

// What failed before its first checkpoint begins anew: an older run of that name is not what failed.
TEST_F(DistTraining, ALaunchThatIsStartedAgainDoesNotGoOnWithAFinishedRun) {
  ASSERT_EQ(facerec(command({"--set", "train.max_steps=2"})).exit_code, 0);
  Environment restarted = place_of("0", "1");
  restarted.variables["TORCHELASTIC_RESTART_COUNT"] = "1";
  const Outcome outcome = facerec(command({"--set", "train.max_steps=2"}), restarted);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("continues at step")));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "runs"), {}), 2);
}

TEST_F(DistTraining, ProcessesThatWereGivenOtherConfigurationsAreTold) {
  std::vector<std::unique_ptr<Process>> processes;
  for (const std::string rank : {"0", "1"}) {
    const Environment place = place_of(rank, "2");
    Words words = command({});
    if (rank == "1") words.insert(words.end(), {"--set", "optimizer.momentum=0.5", "--set", "train.max_steps=4"});
    processes.push_back(std::make_unique<Process>(words, place));
  }
  for (const auto& process : processes) {
    const Outcome outcome = process->wait();
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("optimizer.momentum: 0.9 in process 0, 0.5 in process 1"));
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("train.max_steps: 0 in process 0, 4 in process 1"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

TEST_F(DistTraining, AHalfSetEnvironmentIsRefused) {
  const Outcome outcome = facerec(command({}), {.variables = {{"RANK", "0"}}});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out + outcome.err, HasSubstr("WORLD_SIZE"));
}

}  // namespace
}  // namespace facerec::test
