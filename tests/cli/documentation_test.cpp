// Completion, manual pages and reference: what is told of the options is what they are declared to be.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The candidates alone, without their help.
std::vector<std::string> candidates(std::vector<std::string> words) {
  words.insert(words.begin(), {"completion", "candidates", "--"});
  const Outcome outcome = facerec(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::string> found;
  for (const std::string& line : lines_of(outcome.out)) found.push_back(line.substr(0, line.find('\t')));
  return found;
}

std::string output_of_bash(const std::string& script) {
  const TemporaryFolder folder;
  write_file(folder / "script", script);
  std::FILE* pipe = popen(("bash " + (folder / "script").string()).c_str(), "r");
  std::string text;
  std::array<char, 4096> part{};
  for (size_t got = 0; (got = fread(part.data(), 1, part.size(), pipe)) > 0;) text.append(part.data(), got);
  EXPECT_EQ(pclose(pipe), 0);
  return text;
}

TEST(Completion, OfCommandsAndTheirCommands) {
  EXPECT_THAT(candidates({"tr"}), ElementsAre("train"));
  EXPECT_THAT(candidates({"models", ""}), ElementsAre("list", "download"));
  EXPECT_THAT(candidates({"no-such-command", ""}), Contains("train"));
  EXPECT_THAT(candidates({"completion", "cand"}), IsEmpty());  // it is for scripts
}

TEST(Completion, OfOptionsAndTheirValues) {
  EXPECT_THAT(candidates({"train", "c.yaml", "--print"}), ElementsAre("--print-config"));
  EXPECT_THAT(candidates({"verify", "--engine", ""}), ElementsAre("auto", "libtorch", "openvino"));
  EXPECT_THAT(candidates({"verify", "--engine=o"}), ElementsAre("--engine=openvino"));
  EXPECT_THAT(candidates({"eval", "--data", "lf"}), ElementsAre(":files"));
  EXPECT_THAT(candidates({"synth", "--identities", ""}), IsEmpty());           // a number
  EXPECT_THAT(candidates({"runs", "compare", "--di"}), ElementsAre("--dir"));  // of the command above
  EXPECT_THAT(candidates({"train", "--strict", ""}), ElementsAre(":files"));
  EXPECT_THAT(candidates({"align", "--to", "b"}), UnorderedElementsAre("bin", "bcolz"));
  EXPECT_THAT(candidates({"enroll", "--re"}), UnorderedElementsAre("--remove", "--remove-image", "--rename"));
}

TEST(Completion, OfTheConfiguration) {
  EXPECT_THAT(candidates({"train", "c.yaml", "--set", "train.batch"}), ElementsAre("train.batch_size="));
  EXPECT_THAT(candidates({"train", "c.yaml", "--set", "train.sync_batch_norm=t"}),
              ElementsAre("train.sync_batch_norm=true"));
  EXPECT_THAT(candidates({"finetune", "c.yaml", "--set", "data.sampler.name="}),
              ElementsAre("data.sampler.name=shuffle", "data.sampler.name=balanced", "data.sampler.name=pk"));
}

TEST(Completion, InBash) {
  const auto complete = [](const std::string& line) {
    return lines_of(output_of_bash("source <(" FACEREC_BINARY
                                   " completion bash)\ncompopt() { :; }\nCOMP_LINE='" FACEREC_BINARY " " +
                                   line + "'\nCOMP_POINT=${#COMP_LINE}\n_facerec\nprintf '%s\\n' \"${COMPREPLY[@]}\""));
  };
  EXPECT_THAT(complete("cal"), ElementsAre("calibrate"));
  EXPECT_THAT(complete("verify --engine "), ElementsAre("auto", "libtorch", "openvino"));
  // Readline replaces what follows the '='.
  EXPECT_THAT(complete("train c.yaml --set data.sampler.name=p"), ElementsAre("pk"));
}

TEST(Completion, KnowsItsShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Outcome script = facerec({"completion", shell});
    EXPECT_EQ(script.exit_code, 0);
    EXPECT_THAT(script.out, HasSubstr("completion candidates -- "));
  }
  EXPECT_EQ(facerec({"completion", "tcsh"}).exit_code, 2);
  EXPECT_EQ(facerec({"completion"}).exit_code, 2);
}

TEST(Manual, HasAPageOfEachCommand) {
  const TemporaryFolder folder;
  ASSERT_EQ(facerec({"manual", "--man", folder.path().string()}).exit_code, 0);
  const std::string program = read_text(folder / "facerec.1");
  for (const std::string& command : candidates({""})) {
    EXPECT_THAT(program, HasSubstr("facerec " + command));
    const std::string page = read_text(folder / ("facerec-" + command + ".1"));
    EXPECT_THAT(page, HasSubstr(".SH SYNOPSIS\n.B facerec " + command));
    EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS"));
  }
  const std::string train = read_text(folder / "facerec-train.1");
  EXPECT_THAT(train, HasSubstr("\\fB\\-\\-nproc INT\\fR\n"));
  EXPECT_THAT(train, Not(HasSubstr("\n'")));  // would be a request to roff
  EXPECT_EQ(facerec({"manual"}).exit_code, 2);
}

// `facerec manual --commands > docs/commands.md` and `facerec manual --configuration > docs/configuration.md` mend it.
TEST(Manual, TheReferenceIsThatOfThisProgram) {
  const fs::path docs = fs::path(FACEREC_SOURCE_DIR) / "docs";
  EXPECT_TRUE(facerec({"manual", "--commands"}).out == read_text(docs / "commands.md"));
  EXPECT_TRUE(facerec({"manual", "--configuration"}).out == read_text(docs / "configuration.md"));
}

TEST(Doctor, TellsWhatIsHereAndWhatWouldMendTheRest) {
  const TemporaryFolder folder;
  const Environment bare{{{"FACEREC_MODELS", folder / "none"}, {"XDG_CACHE_HOME", folder / "cache"}}};
  const Outcome outcome = facerec({"doctor", "--json"}, bare);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.out;
  const nlohmann::json json = outcome.json();
  EXPECT_TRUE(json.at("well"));
  std::map<std::string, nlohmann::json> findings;
  for (const nlohmann::json& finding : json.at("findings")) {
    findings[finding.at("name")] = finding;
    EXPECT_EQ(finding.at("state") == "ok", finding.at("remedy").is_null()) << finding;
  }
  for (const char* name : {"libtorch", "openvino", "cpu", "memory", "disk", "gpu", "fonts", "detectors", "cache"}) {
    EXPECT_TRUE(findings.contains(name)) << name;
  }
  EXPECT_THAT(findings["detectors"].at("remedy"), HasSubstr("facerec models download"));
  EXPECT_THAT(facerec({"doctor"}, bare).out,
              HasSubstr("note     detectors  no weights in " + (folder / "none").string()));
}

TEST(Version, NamesWhatItIsBuiltFrom) {
  const Outcome outcome = facerec({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, testing::StartsWith("facerec " FACEREC_VERSION));
  for (const char* library : {"\nLibTorch ", "\nOpenVINO ", "\nOpenCV ", "\nbuilt with "}) {
    EXPECT_THAT(outcome.out, HasSubstr(library));
  }
}

}  // namespace
}  // namespace facerec::test
