#include "facerec/train/run_folder.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/reference.h"

namespace facerec {
namespace {

TEST(RunFolder, RunsOfOneSecondDoNotMeet) {
  const test::TemporaryFolder folder;
  std::vector<fs::path> made(8);
  std::vector<std::jthread> threads;
  for (fs::path& path : made) threads.emplace_back([&] { path = create_run_folder(folder.path(), "a"); });
  threads.clear();
  std::sort(made.begin(), made.end());
  EXPECT_EQ(std::unique(made.begin(), made.end()), made.end());
  EXPECT_EQ(find_runs(folder.path(), "a").size(), 8U);
}

TEST(RunFolder, NewestFirst) {
  const test::TemporaryFolder folder;
  for (const char* name : {"a_2026-01-31-12-00-00", "a_2026-01-31-12-00-00_2", "a_2026-01-31-12-00-00_10",
                           "a_2026-02-01-00-00-00", "a_b_2027-01-01-00-00-00", "a_2026-02-01-00-00-00x", "a"}) {
    fs::create_directory(folder / name);
  }
  std::vector<std::string> names;
  for (const fs::path& run : find_runs(folder.path(), "a")) names.push_back(run.filename());
  EXPECT_EQ(names, (std::vector<std::string>{"a_2026-02-01-00-00-00", "a_2026-01-31-12-00-00_10",
                                             "a_2026-01-31-12-00-00_2", "a_2026-01-31-12-00-00"}));
}

TEST(RunFolder, KeepsTheNewestCheckpoints) {
  const test::TemporaryFolder folder;
  for (int64_t step : {5, 100, 20, 100'000'000}) fs::create_directories(checkpoint_folder(folder.path(), step));
  fs::create_directories(folder / "checkpoints/.step_00000300.facerec-tmp-1-0");
  prune_checkpoints(folder.path(), 2);
  const auto left = find_checkpoints(folder.path());
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].step, 100'000'000);
  EXPECT_EQ(left[1].step, 100);
}

}  // namespace
}  // namespace facerec
