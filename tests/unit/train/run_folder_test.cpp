#include "facerec/train/run_folder.h"

#include <gtest/gtest.h>

#include <thread>

#include "facerec/core/error.h"
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

TEST(RunFolder, OfAnyNameNewestFirst) {
  const test::TemporaryFolder folder;
  for (const char* name : {"b_2026-01-31-12-00-00", "a_2026-02-01-00-00-00", "a_b_2025-01-01-00-00-00", "no run",
                           "_2024-01-01-00-00-00"}) {
    fs::create_directory(folder / name);
  }
  write_file(folder / "file_2026-01-31-12-00-00", "");
  std::vector<std::string> names;
  for (const fs::path& run : find_runs(folder.path(), "")) names.push_back(run.filename());
  EXPECT_EQ(names, (std::vector<std::string>{"a_2026-02-01-00-00-00", "b_2026-01-31-12-00-00",
                                             "a_b_2025-01-01-00-00-00", "_2024-01-01-00-00-00"}));
  EXPECT_EQ(parse_run_name("a_b_2025-01-01-00-00-00_3")->name, "a_b");
  EXPECT_EQ(parse_run_name("a_b_2025-01-01-00-00-00_3")->number, 3);
}

TEST(RunFolder, IsFoundByWhatIsUnambiguous) {
  const test::TemporaryFolder folder;
  const fs::path first = folder / "a_2026-01-31-12-00-00", second = folder / "a_2026-01-31-12-30-00",
                 other = folder / "b_2026-02-01-12-00-00";
  for (const fs::path& run : {first, second, other}) fs::create_directory(run);
  EXPECT_EQ(find_run(folder.path(), first), first) << "a path";
  EXPECT_EQ(find_run("/nowhere", first), first);
  EXPECT_EQ(folder_name(first), "a_2026-01-31-12-00-00");
  EXPECT_EQ(folder_name(first / ""), "a_2026-01-31-12-00-00");
  EXPECT_EQ(folder_name(first / "."), "a_2026-01-31-12-00-00");
  EXPECT_EQ(find_run(folder.path(), "a_2026-01-31-12-30-00"), second);
  EXPECT_EQ(find_run(folder.path(), "12-30-00"), second);
  EXPECT_EQ(find_run(folder.path(), "b"), other) << "the only one of that name";
  const auto hint_of = [&](const std::string& wanted) {
    try {
      find_run(folder.path(), wanted);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      return error.hint();
    }
    return std::string("no error");
  };
  EXPECT_EQ(hint_of("a"), "name one of a_2026-01-31-12-30-00, a_2026-01-31-12-00-00");
  EXPECT_EQ(hint_of("12-00-00"), "name one of b_2026-02-01-12-00-00, a_2026-01-31-12-00-00");
  EXPECT_EQ(hint_of("c"), "there are: b_2026-02-01-12-00-00, a_2026-01-31-12-30-00, a_2026-01-31-12-00-00");
  EXPECT_EQ(hint_of(""), hint_of("c"));
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
