#include "facerec/core/text.h"

#include <gtest/gtest.h>

namespace facerec {
namespace {

const std::vector<std::string> names{"batch_size", "epochs", "lr", "clip_norm"};

TEST(NearestName, FindsSlips) {
  EXPECT_EQ(nearest_name("epoch", names), "epochs");
  EXPECT_EQ(nearest_name("batchsize", names), "batch_size");
}

TEST(NearestName, GivesNothingForOtherWords) { EXPECT_EQ(nearest_name("wavelength", names), ""); }

TEST(Utf8, KnowsItsBounds) {
  for (const char* good : {"", "abc", "ü", "€", "😀", "\x7F", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_utf8(good)) << good;
  // A lone continuation, a cut sequence, overlong forms, a surrogate, beyond U+10FFFF.
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Printable, IsOneLineOfUtf8) {
  EXPECT_EQ(printable("ü\n\xFF"
                      "b"),
            "ü??b");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("abü", 3), "ab…");
}

}  // namespace
}  // namespace facerec
