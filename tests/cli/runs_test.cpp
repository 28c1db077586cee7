#include <gmock/gmock.h>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two runs of two and four steps, made once.
class Runs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const std::string config = small_config(folder_->path());
    for (const auto& [name, steps] : {std::pair("first", "2"), {"second", "4"}}) {
      const Outcome trained =
          facerec({"train", config, "--name", name, "--set", std::string("train.max_steps=") + steps, "--set",
                   name == std::string("first") ? "optimizer.lr=0.1" : "optimizer.lr=0.2", "--json"});
      ASSERT_EQ(trained.exit_code, 0) << trained.err;
      runs_.push_back(trained.json().at("run"));
    }
  }
  static void TearDownTestSuite() {
    delete folder_;
    runs_.clear();
  }

  static std::string dir() { return *folder_ / "runs"; }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::vector<std::string> runs_;  // folders
};

TEST_F(Runs, LeaveCurvesAndAnEventFile) {
  const fs::path run = runs_.at(0);
  for (const char* file : {"loss.svg", "accuracy.svg"}) EXPECT_THAT(read_text(run / file), HasSubstr("</svg>"));
  int event_files = 0;
  for (const auto& entry : fs::directory_iterator(run)) {
    event_files += entry.path().filename().string().starts_with("events.out.tfevents.");
  }
  EXPECT_EQ(event_files, 1);
}

TEST_F(Runs, AreListedNewestFirst) {
  const Outcome list = facerec({"runs", "--dir", dir()});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_THAT(list.out, testing::ContainsRegex("second_[-0-9]+ +finished +identity +ir_tiny +arcface +4/4 "));
  EXPECT_THAT(list.out, testing::ContainsRegex("first_[-0-9]+ +finished +identity +ir_tiny +arcface +2/2 "));
  EXPECT_LT(list.out.find("second_"), list.out.find("first_"));
  EXPECT_EQ(facerec({"runs", "list", "--dir", dir()}).out, list.out);
  const Outcome named = facerec({"runs", "--dir", dir(), "--name", "first"});
  EXPECT_THAT(named.out, Not(HasSubstr("second_")));
  EXPECT_EQ(facerec({"runs", "--dir", dir(), "--name", "fir"}).out, "no runs in " + dir() + "\n");
}

TEST_F(Runs, AreListedAsJson) {
  const Outcome outcome = facerec({"runs", "--dir", dir(), "--json"});
  const auto json = outcome.json();
  EXPECT_EQ(json.at("dir"), dir());
  ASSERT_EQ(json.at("runs").size(), 2U);
  const auto& run = json.at("runs").at(0);
  EXPECT_EQ(run.at("name"), "second");
  EXPECT_EQ(run.at("state"), "finished");
  EXPECT_EQ(run.at("checkpoint"), 4);
  EXPECT_GT(run.at("loss"), 0);
  EXPECT_GT(run.at("images_per_second"), 0);
  EXPECT_EQ(run.at("best").at("step"), 4);
  EXPECT_EQ(run.at("problems").size(), 0U);
}

TEST_F(Runs, AreCompared) {
  const Outcome outcome = facerec({"runs", "compare", runs_.at(0), "second", "--dir", dir(), "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json();
  std::vector<std::string> keys;
  for (const auto& row : json.at("config")) keys.push_back(row.at("key"));
  EXPECT_THAT(keys, ElementsAre("optimizer.lr", "run.name", "train.max_steps"));
  EXPECT_EQ(json.at("config").at(0).at("values"), nlohmann::json::parse("[0.1, 0.2]"));
  EXPECT_EQ(json.at("losses").size(), 2U) << "of the steps that both have";
  EXPECT_EQ(json.at("losses").at(0).at("differences").at(1), 0) << "the first step comes before the rate counts";
  const Outcome text = facerec({"runs", "compare", "first", "second", "--dir", dir()});
  EXPECT_THAT(text.out, testing::ContainsRegex("optimizer.lr +0.1 +0.2\n"));
  EXPECT_THAT(text.out, testing::ContainsRegex("\nsteps +2 +4 +\\+2\n"));
}

TEST_F(Runs, ThatAreBrokenAreListedWithWhatIsWrong) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "broken_2026-01-31-12-00-00");
  write_file(folder / "broken_2026-01-31-12-00-00/metrics.jsonl", "{\"step\": 3, \"loss\": 1}\n{\"st");
  const Outcome list = facerec({"runs", "--dir", folder.path()});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_THAT(list.out, testing::ContainsRegex("broken_2026-01-31-12-00-00 +no checkpoint +- +- +- +3 +1.0000 "));
  EXPECT_THAT(list.out, HasSubstr("config.yaml is absent"));
  EXPECT_THAT(list.out, HasSubstr("metrics.jsonl has lines that cannot be read: 1"));
  const Outcome compared = facerec({"runs", "compare", runs_.at(0), folder / "broken_2026-01-31-12-00-00"});
  EXPECT_EQ(compared.exit_code, 0) << compared.err;
}

TEST_F(Runs, ThatAreNotThereAreAnError) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"runs", "--dir", "/no/such/folder"},
                                                    {"runs", "compare", "first", "third", "--dir", dir()},
                                                    {"runs", "compare", "first", "", "--dir", dir()},
                                                    {"runs", "compare", "first", "--dir", dir()},
                                                    {"runs", "compare"},
                                                    {"runs", "delete"}}) {
    const Outcome outcome = facerec(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  const Outcome outcome = facerec({"runs", "compare", "first", "third", "--dir", dir(), "--json"});
  EXPECT_EQ(outcome.json().at("error").at("message"), "there is no run 'third'");
  EXPECT_THAT(outcome.json().at("error").at("hint").get<std::string>(), HasSubstr("second_"));
}

}  // namespace
}  // namespace facerec::test
