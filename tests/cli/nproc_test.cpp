// `facerec train --nproc N`: what is refused, and how its processes end.
#include <gmock/gmock.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/core/parallel.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Nproc, IsRefusedInAProcessThatTorchrunOrSrunStarted) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  const Outcome torchrun =
      facerec({"train", config, "--nproc", "2"}, {.variables = {{"RANK", "0"}, {"WORLD_SIZE", "1"}}});
  EXPECT_EQ(torchrun.exit_code, 2);
  EXPECT_THAT(torchrun.err, HasSubstr("RANK in the environment says that torchrun has started them already"));
  const Outcome srun = facerec({"train", config, "--nproc=2"}, {.variables = {{"SLURM_STEP_ID", "0"},
                                                                              {"SLURM_JOB_ID", "7"},
                                                                              {"SLURM_PROCID", "1"},
                                                                              {"SLURM_LOCALID", "1"},
                                                                              {"SLURM_NTASKS", "2"},
                                                                              {"SLURM_TASKS_PER_NODE", "2"},
                                                                              {"SLURM_JOB_NODELIST", "here"}}});
  EXPECT_EQ(srun.exit_code, 2);
  EXPECT_THAT(srun.err, HasSubstr("srun has started them already"));
  EXPECT_FALSE(fs::exists(folder / "runs"));
}

TEST(Nproc, IsANumberOfProcesses) {
  const TemporaryFolder folder;
  for (const char* count : {"0", "-1", "two", "1.5"}) {
    EXPECT_EQ(facerec({"train", small_config(folder.path()), "--nproc", count}).exit_code, 2) << count;
  }
}

// A configuration that cannot be used is told once, by the one that starts them.
TEST(Nproc, StartsNobodyForABadConfiguration) {
  const TemporaryFolder folder;
  const Outcome outcome = facerec({"train", small_config(folder.path(), "optimiser: {}\n"), "--nproc", "2"});
  EXPECT_EQ(outcome.exit_code, 2);
  const size_t first = outcome.err.find("facerec: error");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(outcome.err.find("facerec: error", first + 1), std::string::npos) << outcome.err;
}

TEST(Nproc, ProcessesThatFailAreTold) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  const Outcome outcome =
      facerec({"train", config, "--nproc", "2", "--data", folder / "absent", "--set", "run.timeout=20"});
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("of 2 ended with exit code"));
  EXPECT_THAT(outcome.err, HasSubstr("absent"));
}

TEST(Nproc, MoreProcessesThanCoresAreWarnedOf) {
  const TemporaryFolder folder;
  const std::string count = std::to_string(available_cores() + 1);
  const Outcome outcome =
      facerec({"train", small_config(folder.path()), "--nproc", count, "--data", folder / "absent"});
  EXPECT_THAT(outcome.err, HasSubstr("warning: " + count + " processes share"));
}

TEST(Nproc, PrintingAConfigurationTakesOneProcess) {
  const TemporaryFolder folder;
  const Outcome outcome = facerec({"train", small_config(folder.path()), "--nproc", "2", "--print-config", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json().at("run").at("seed"), 1);
}

}  // namespace
}  // namespace facerec::test
