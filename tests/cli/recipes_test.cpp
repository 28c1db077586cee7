// Every recipe is read by the binary.
#include <gmock/gmock.h>

#include <algorithm>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

// What is printed holds every value, and is read again as the same configuration.
TEST(Recipes, AreReadAndPrinted) {
  const TemporaryFolder folder;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(FACEREC_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() != ".yaml") continue;
    const Outcome printed = facerec({"train", entry.path(), "--print-config"});
    ASSERT_EQ(printed.exit_code, 0) << printed.err;
    write_file(folder / "printed.yaml", printed.out);
    EXPECT_EQ(facerec({"train", folder / "printed.yaml", "--print-config"}).out, printed.out) << entry.path();
  }
}

// Whoever opens one learns what it needs, how it is started and what it should reach.
TEST(Recipes, BeginWithWhatTheyNeedAndReach) {
  for (const char* kind : {"pretrain", "finetune", "train"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(FACEREC_SOURCE_DIR) / "configs" / kind)) {
      const std::string text = read_text(entry.path());
      const std::string head = text.substr(0, text.find("\ndata:"));
      EXPECT_THAT(head, testing::HasSubstr("\n#   facerec ")) << entry.path();
      if (entry.path().stem().string().starts_with("ir_tiny")) continue;  // smoke tests, which reach nothing
      for (const char* part : {"\n# Needs ", "\n# Reaches ", "\n# Run here "}) {
        EXPECT_THAT(head, testing::HasSubstr(part)) << entry.path();
      }
    }
  }
}

std::vector<std::string> recipes() {
  std::vector<std::string> paths;
  for (const char* kind : {"pretrain", "finetune", "train"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(FACEREC_SOURCE_DIR) / "configs" / kind)) {
      paths.push_back(entry.path().string());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

class RecipeSmoke : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, RecipeSmoke, testing::ValuesIn(recipes()), [](const auto& tested) {
  const fs::path path = tested.param;
  return path.parent_path().filename().string() + "_" + path.stem().string();
});

// Network, head, losses, sampler, augmentation, optimizer and schedule of every recipe work together; nothing of the
// synthetic faces is left.
TEST_P(RecipeSmoke, TrainsAndIsValidated) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "tmp");
  const std::vector<std::string> arguments{
      "train", GetParam(), "--preset", "smoke", "--json", "--set", "run.dir=" + (folder.path().string() + "/runs")};
  const Outcome outcome = facerec(arguments, {.variables = {{"TMPDIR", folder.path().string() + "/tmp"}}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto answer = outcome.json();
  EXPECT_EQ(answer.at("steps"), 4);
  EXPECT_EQ(answer.at("skipped_steps"), 0);
  EXPECT_FALSE(answer.at("best").is_null());
  EXPECT_TRUE(fs::is_empty(folder / "tmp"));
}

}  // namespace
}  // namespace facerec::test
