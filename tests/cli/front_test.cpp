#include <gmock/gmock.h>

#include "cli/process.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* verbs[] = {"synth",  "align",     "pack",   "train",      "finetune", "eval",   "embed",
                                 "verify", "calibrate", "enroll", "identify",   "info",     "export", "models",
                                 "runs",   "bench",     "doctor", "completion", "manual"};

// The best of three: other tests run beside this one.
Outcome quickest(const std::vector<std::string>& arguments) {
  Outcome best = facerec(arguments);
  for (int i = 0; i < 2; ++i) {
    if (Outcome again = facerec(arguments); again.seconds < best.seconds) best = again;
  }
  return best;
}

TEST(Front, HelpAnswersAtOnceAndListsEveryVerb) {
  const Outcome help = quickest({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_LE(help.seconds, 0.2);
  for (const char* verb : verbs) EXPECT_THAT(help.out, HasSubstr(verb));
}

TEST(Front, EveryVerbHasHelpWithAnExample) {
  for (const char* verb : verbs) {
    const Outcome help = quickest({verb, "--help"});
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_THAT(help.out, HasSubstr(std::string("facerec ") + verb)) << verb;
    EXPECT_THAT(help.out, testing::ContainsRegex("Examples?:\n  facerec ")) << verb;
    EXPECT_LE(help.seconds, 0.2) << verb;
  }
}

// OpenCV brings a BLAS, LibTorch 0.4 s: the front links neither.
TEST(Front, LinksNothingHeavy) {
  const Outcome libraries = facerec({}, {{{"LD_TRACE_LOADED_OBJECTS", "1"}}});
  EXPECT_THAT(libraries.out, HasSubstr("libstdc++"));
  for (const char* heavy : {"torch", "opencv", "blas", "libfacerec"}) EXPECT_THAT(libraries.out, Not(HasSubstr(heavy)));
}

TEST(Front, BadCommandLinesExitWithTwo) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"trian"},
                                                    {"train"},
                                                    {"train", "a.yaml", "--epochs", "3"},
                                                    {"eval"},
                                                    {"synth", "x", "--size", "2"}}) {
    const Outcome outcome = facerec(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("facerec: error: "));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Front, ErrorsAreJsonUnderJson) {
  const Outcome outcome = facerec({"train", "/no/such.yaml", "--json"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.json().at("error").at("file"), "/no/such.yaml");
  EXPECT_TRUE(outcome.json().at("error").contains("hint"));
  EXPECT_EQ(facerec({"train", "--json"}).json().at("error").at("offset"), nullptr);
}

TEST(Front, PrintsTheResolvedConfiguration) {
  const TemporaryFolder folder;
  const std::string config = small_config(folder.path());
  const Outcome yaml = facerec({"train", config, "--print-config", "--set", "train.epochs=7", "--data", "elsewhere"});
  EXPECT_EQ(yaml.exit_code, 0) << yaml.err;
  EXPECT_THAT(yaml.out, HasSubstr("epochs: 7"));
  EXPECT_THAT(yaml.out, HasSubstr("path: elsewhere"));
  EXPECT_THAT(yaml.out, HasSubstr("name: small"));
  const Outcome json = facerec({"train", config, "--print-config", "--json"});
  EXPECT_EQ(json.json().at("train").at("batch_size"), 16);
}

}  // namespace
}  // namespace facerec::test
