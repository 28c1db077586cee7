#include "image/lettering.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace facerec {
namespace {

int64_t ink(const Lettering& lettering) {
  return std::count_if(lettering.coverage.begin(), lettering.coverage.end(), [](uint8_t value) { return value > 127; });
}

std::vector<uint8_t> right_part(const Lettering& lettering, int columns) {
  std::vector<uint8_t> part;
  for (int row = 0; row < lettering.height; ++row) {
    const auto end = lettering.coverage.begin() + (row + 1) * lettering.width;
    part.insert(part.end(), end - columns, end);
  }
  return part;
}

TEST(Lettering, IsAsHighAsAskedFor) {
  const Lettering small = letter("Ångström", 16, 1000), large = letter("Ångström", 64, 1000);
  EXPECT_NEAR(small.height, 16, 4);
  EXPECT_NEAR(large.height, 64, 8);
  EXPECT_NEAR(large.width, 4.0 * small.width, 0.15 * large.width);
  EXPECT_GT(ink(large), 8 * ink(small));
}

TEST(Lettering, IsCutAtTheWidthThatThereIs) {
  const std::string name(300, 'w');
  EXPECT_LE(letter(name, 20, 200).width, 200);
  EXPECT_GT(letter(name, 20, 100'000).width, 300 * 8);
}

TEST(Lettering, StaysOnOneLine) {
  EXPECT_EQ(letter("a\nb\r\nc", 20, 1000).height, letter("abc", 20, 1000).height);
}

TEST(Lettering, TakesWhatIsNoUtf8) {
  EXPECT_GT(ink(letter("caf\xe9 \xff\xfe", 20, 1000)), 0);
  EXPECT_GT(letter("", 20, 1000).height, 0);
}

// The last private plane: no font has it.
TEST(Lettering, TellsWhatNoFontHas) {
  EXPECT_THAT(letter("Jo", 20, 1000).missing, testing::IsEmpty());
  EXPECT_THAT(letter("Jo \U0010FFF0", 20, 1000).missing, testing::SizeIs(1));
}

// Hebrew stands in the fonts that Debian's fontconfig brings with it.
TEST(Lettering, RunsFromTheRightWhereTheScriptDoes) {
  const std::string alef = "\u05D0", shin = "\u05E9";
  const Lettering first = letter(alef, 40, 1000), both = letter(alef + shin + shin, 40, 1000);
  if (!both.missing.empty()) GTEST_SKIP() << "no font with Hebrew letters";
  EXPECT_EQ(right_part(both, first.width - 1), right_part(first, first.width - 1));
  EXPECT_NE(right_part(letter(shin + shin + alef, 40, 1000), first.width - 1), right_part(first, first.width - 1));
}

}  // namespace
}  // namespace facerec
