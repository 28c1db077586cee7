#include <gmock/gmock.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

TEST(Synth, ReportsWhatItWrote) {
  const TemporaryFolder folder;
  const std::string out = folder / "f";
  const Outcome made = facerec(
      {"synth", out, "--identities", "3", "--images-per-identity", "2", "--size", "32", "--pairs", "40", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(made.json().at("train_identities"), 3);
  EXPECT_EQ(made.json().at("pairs"), 40);
  EXPECT_TRUE(fs::exists(out + "/eval/pairs.txt"));
  EXPECT_TRUE(fs::exists(out + "/train/attributes.csv"));
}

TEST(Synth, DoesNotOverwriteByAccident) {
  const TemporaryFolder folder;
  write_file(folder / "mine.txt", "x");
  const Outcome refused =
      facerec({"synth", folder.path(), "--identities", "2", "--images-per-identity", "2", "--pairs", "0"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(read_text(folder / "mine.txt"), "x");
}

}  // namespace
}  // namespace facerec::test
