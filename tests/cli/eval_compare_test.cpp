// Before and after, groups, and what a CI job asks for.
#include <gmock/gmock.h>

#include "cli/small_model.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

// Another network than small_model().
std::string other_model() {
  static const TemporaryFolder folder;
  static const std::string model = [] {
    const Outcome trained = facerec({"train", small_config(folder.path()), "--set", "train.max_steps=40", "--set",
                                     "train.epochs=20", "--set", "run.seed=2", "--json"});
    if (trained.exit_code != 0) throw std::runtime_error("train failed: " + trained.err);
    return trained.json().at("run").get<std::string>();
  }();
  return model;
}

TEST(EvalCompare, TheDifferenceHasAnInterval) {
  const Outcome outcome = eval_faces({"--model", other_model(), "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = outcome.json();
  bool found = false;
  for (const Json& comparison : json.at("comparisons")) {
    if (comparison.at("figure") != "auc") continue;
    found = true;
    const double before = json.at("results").at(0).at("auc"), after = json.at("results").at(1).at("auc");
    EXPECT_DOUBLE_EQ(comparison.at("difference").get<double>(), after - before);
    EXPECT_LE(comparison.at("ci95").at(0), after - before);
    EXPECT_GE(comparison.at("ci95").at(1), after - before);
    EXPECT_TRUE(comparison.at("significant").is_boolean());
  }
  EXPECT_TRUE(found);
}

// Each resizes images for itself, but one crop, or one image made worse, is of one size.
TEST(EvalCompare, ModelsOfDifferentSizesShareNoCrops) {
  const TemporaryFolder folder;
  const Outcome trained = facerec(
      {"train", small_config(folder.path()), "--set", "train.max_steps=1", "--set", "model.input=[48, 48]", "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::string larger = trained.json().at("run");
  EXPECT_EQ(eval_faces({"--model", larger}).exit_code, 0);
  const Outcome outcome = eval_faces({"--model", larger, "--low-res", "2"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("takes images of 48x48"));
}

TEST(EvalCompare, AModelDoesNotDifferFromItself) {
  const Outcome outcome = eval_faces({"--model", small_model(), "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json json = outcome.json();
  EXPECT_FALSE(json.at("comparisons").empty());
  for (const Json& comparison : json.at("comparisons")) {
    EXPECT_EQ(comparison.at("difference"), 0) << comparison;
    EXPECT_EQ(comparison.at("significant"), false) << comparison;
  }
}

TEST(EvalCompare, TheSameSeedGivesTheSameIntervals) {
  const Json first = eval_faces({"--json"}).json().at("results").at(0),
             second = eval_faces({"--json"}).json().at("results").at(0);
  EXPECT_EQ(first, second);
  const Json other = eval_faces({"--json", "--seed", "2"}).json().at("results").at(0);
  EXPECT_EQ(first.at("auc"), other.at("auc"));
  EXPECT_NE(first, other);
}

TEST(EvalCompare, GroupsHaveRatesAtOneThreshold) {
  const TemporaryFolder folder;
  std::string groups;
  int i = 0;
  for (const auto& entry : fs::directory_iterator(small_faces() + "/eval")) {
    if (entry.is_directory()) groups += entry.path().filename().string() + (i++ % 2 == 0 ? " A\n" : " B\n");
  }
  write_file(folder / "groups.txt", groups);
  const Outcome outcome = eval_faces({"--groups", folder / "groups.txt", "--threshold", "0.5", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json report = outcome.json().at("results").at(0).at("groups");
  EXPECT_EQ(report.at("threshold"), 0.5);
  ASSERT_EQ(report.at("groups").size(), 2U);
  EXPECT_EQ(report.at("groups").at(0).at("group"), "A");
  uint64_t pairs = report.at("across").get<uint64_t>();
  for (const Json& group : report.at("groups")) {
    pairs += group.at("same").get<uint64_t>() + group.at("different").get<uint64_t>();
  }
  EXPECT_EQ(pairs, 40U);
  write_file(folder / "groups.txt", "nobody A\n");
  const Outcome none = eval_faces({"--groups", folder / "groups.txt"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("names the group of no image"));
}

TEST(EvalDemands, NameAFigureOfADataSet) {
  EXPECT_EQ(eval_faces({"--fail-under", "faces.accuracy=0.01,faces.eer=0.99"}).exit_code, 0);
  const Outcome outcome = eval_faces({"--fail-under", "faces.accuracy=0.01,faces.auc=1.0", "--json"});
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
  ASSERT_EQ(outcome.json().at("shortfalls").size(), 1U);
  EXPECT_THAT(outcome.json().at("shortfalls").at(0).get<std::string>(), HasSubstr("faces.auc"));
  EXPECT_EQ(eval_faces({"--fail-under", "faces.eer=0.0"}).exit_code, 4);

  const Outcome unknown = eval_faces({"--fail-under", "lfw.accuracy=0.9"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("faces"));
  EXPECT_EQ(eval_faces({"--fail-under", "faces.accuracy=high"}).exit_code, 2);
}

// A script's variable that is not set must not mean that nothing is asked for.
TEST(EvalDemands, AreNeverEmpty) {
  for (const char* option : {"--fail-under", "--baseline", "--groups", "--out"}) {
    const Outcome outcome = eval_faces({option, ""});
    EXPECT_EQ(outcome.exit_code, 2) << option;
    EXPECT_THAT(outcome.err, HasSubstr("empty"));
  }
}

class EvalBaseline : public testing::Test {
 protected:
  void SetUp() override {
    const Outcome outcome = eval_faces({"--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    report_ = outcome.json();
  }
  Outcome against(const Json& baseline, const std::vector<std::string>& more = {}) {
    write_file(folder_ / "evaluation.json", baseline.dump());
    std::vector<std::string> arguments{"--baseline", folder_ / "evaluation.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return eval_faces(arguments);
  }
  const TemporaryFolder folder_;
  Json report_;
};

TEST_F(EvalBaseline, IsHeldUpToTheTolerance) {
  EXPECT_EQ(against(report_).exit_code, 0);
  Json better = report_;
  better["results"][0]["auc"] = report_["results"][0]["auc"].get<double>() + 0.02;
  const Outcome outcome = against(better);
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.out, HasSubstr("faces.auc"));
  EXPECT_EQ(against(better, {"--tolerance", "0.03"}).exit_code, 0);
}

TEST_F(EvalBaseline, OfAnotherFormIsRefused) {
  Json other = report_;
  other["schema"] = 2;
  EXPECT_THAT(against(other).err, HasSubstr("schema"));
  other = report_;
  other["results"][0]["data"] = "lfw";
  EXPECT_THAT(against(other).err, HasSubstr("no data set of this evaluation"));
  EXPECT_EQ(against("not a report").exit_code, 2);
  EXPECT_EQ(eval_faces({"--baseline", folder_ / "absent.json"}).exit_code, 2);
}

}  // namespace
}  // namespace facerec::test
