#include "facerec/core/error.h"
#include "unit/eval/report_examples.h"

namespace facerec::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::ordered_json;

// One model with round figures.
Json evaluation() {
  Json json = to_json(one_model());
  Json& lfw = json["results"][0];
  lfw["accuracy"]["mean"] = 0.9883;
  lfw["eer"] = 0.02;
  lfw["auc"] = nullptr;
  lfw["tar_at_far"]["1e-2"]["value"] = 0.97;
  lfw["notes"] = {"2 of 9 images could not be processed", "there are no different pairs: AUC is undefined"};
  json["results"][1]["condition"] = {{"id", "lr4"}, {"name", "LR ×4"}};
  json["models"][0]["mean_accuracy"] = 0.95;
  json["models"][0]["mean_accuracy_under"] = {{"lr4", 0.8}};
  return json;
}

std::vector<std::string> shortfalls_of(const std::string& requirements) {
  return shortfalls(evaluation(), parse_requirements(requirements));
}

template <class Function>
Error error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing was thrown");
}

TEST(Requirements, AreFiguresWithBounds) {
  const auto some = parse_requirements("lfw.accuracy=0.99,cfp_fp.tar_at_far.1e-3=0.95");
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(some[0].figure, "lfw.accuracy");
  EXPECT_EQ(some[0].bound, 0.99);
  EXPECT_EQ(some[1].figure, "cfp_fp.tar_at_far.1e-3");
  const auto number = parse_requirements("0.9");
  EXPECT_EQ(number.at(0).figure, "mean_accuracy");
  EXPECT_EQ(number.at(0).bound, 0.9);
}

TEST(Requirements, ThatCannotBeReadAreUsageErrors) {
  for (const char* text : {"", "lfw.accuracy", "lfw.accuracy=", "lfw.accuracy=high", "=0.5", "lfw.accuracy=0.9,",
                           "lfw.accuracy=nan", "lfw.accuracy=inf", "lfw.accuracy=0.9%", "lfw.accuracy=1e999"}) {
    const Error error = error_of([&] { parse_requirements(text); });
    EXPECT_EQ(error.kind(), Error::Kind::usage) << text;
    EXPECT_FALSE(error.hint().empty()) << text;
  }
}

TEST(Shortfalls, SayWhatFellShort) {
  EXPECT_THAT(shortfalls_of("lfw.accuracy=0.98,lfw.tar_at_far.1e-2=0.97,mean_accuracy=0.95"), IsEmpty());
  EXPECT_THAT(shortfalls_of("lfw.accuracy=0.99,lfw.tar_at_far.1e-2=0.975,0.96"),
              ElementsAre("lfw.accuracy is 0.9883, below 0.99", "lfw.tar_at_far.1e-2 is 0.9700, below 0.975",
                          "mean_accuracy is 0.9500, below 0.96"));
  EXPECT_THAT(shortfalls_of("lfw.accuracy=0.98830001"), ElementsAre("lfw.accuracy is 0.98830000, below 0.98830001"));
}

TEST(Shortfalls, OfErrorsAreAboveTheirBound) {
  EXPECT_THAT(shortfalls_of("lfw.eer=0.02"), IsEmpty());
  EXPECT_THAT(shortfalls_of("lfw.eer=0.01"), ElementsAre("lfw.eer is 0.0200, above 0.01"));
}

TEST(Shortfalls, AreNotOfWhatHasNoDirection) {
  for (const char* text : {"lfw.threshold.cosine=0.3", "lfw.pairs=100", "lfw.tar_at_far.1e-2.threshold=0.3"}) {
    const Error error = error_of([&] { shortfalls_of(text); });
    EXPECT_EQ(error.kind(), Error::Kind::usage) << text;
    EXPECT_THAT(error.message(), HasSubstr("neither more nor less")) << text;
  }
  const std::vector<std::string> subjects{"lfw", "lfw@lr4"};
  EXPECT_NO_THROW(check_requirements(parse_requirements("lfw@lr4.eer=0.1,lfw.auc=0.9,0.9"), subjects));
  EXPECT_NO_THROW(check_requirements(parse_requirements("lfw.tar_at_nearest_far.1e-4=0.9"), subjects));
  EXPECT_THROW(check_requirements(parse_requirements("lfw.tar_at_nearest_far.1e-4.far=0.9"), subjects), Error);
  EXPECT_THROW(check_requirements(parse_requirements("agedb.auc=0.9"), subjects), Error);
  EXPECT_THROW(check_requirements(parse_requirements("lfw.pairs=9"), subjects), Error);
}

TEST(Shortfalls, CountWhatIsNotSupported) {
  EXPECT_THAT(shortfalls_of("lfw.tar_at_far.1e-4=0"), ElementsAre(HasSubstr("lfw.tar_at_far.1e-4 is not supported")));
}

TEST(Shortfalls, ReachConditions) {
  EXPECT_THAT(shortfalls_of("cfp_fp@lr4.accuracy=1"), ElementsAre(HasSubstr("cfp_fp@lr4.accuracy is 0.")));
  EXPECT_THAT(shortfalls_of("mean_accuracy@lr4=0.9"), ElementsAre("mean_accuracy@lr4 is 0.8000, below 0.9"));
}

TEST(Shortfalls, CountWhatIsUndefined) {
  EXPECT_THAT(shortfalls_of("lfw.auc=0.9"),
              ElementsAre("lfw.auc is undefined: there are no different pairs: AUC is undefined"));
}

TEST(Shortfalls, OfAnUnknownFigureNameThoseThatAre) {
  const Error figure = error_of([] { shortfalls_of("lfw.accurracy=0.9"); });
  EXPECT_EQ(figure.kind(), Error::Kind::usage);
  EXPECT_THAT(figure.hint(), HasSubstr("did you mean accuracy?"));
  EXPECT_THAT(figure.hint(), HasSubstr("tar_at_far.1e-3"));
  const Error data = error_of([] { shortfalls_of("agedb.accuracy=0.9"); });
  EXPECT_EQ(data.kind(), Error::Kind::usage);
  EXPECT_THAT(data.hint(), HasSubstr("mean_accuracy, lfw, cfp_fp@lr4"));
  EXPECT_EQ(error_of([] { shortfalls_of("lfw.notes=0.9"); }).kind(), Error::Kind::usage);
  EXPECT_EQ(error_of([] { shortfalls_of("lfw.tar_at_far=0.9"); }).kind(), Error::Kind::usage);
  EXPECT_EQ(error_of([] { shortfalls_of("cfp_fp.accuracy=0.9"); }).kind(), Error::Kind::usage);
}

TEST(Shortfalls, TakeNamesWithDotsAndOfOtherFigures) {
  Report report = one_model();
  report.results[0].data = "far.v2";
  report.results[1].data = "far";
  const Json json = to_json(report);
  EXPECT_THAT(shortfalls(json, parse_requirements("far.v2.accuracy=1.5")), ElementsAre(HasSubstr("below 1.5")));
  EXPECT_THAT(shortfalls(json, parse_requirements("far.accuracy=1.5")), ElementsAre(HasSubstr("below 1.5")));
}

TEST(Shortfalls, AreOfEveryModel) {
  const auto sentences = shortfalls(to_json(whole_report(0)), parse_requirements("tinyface.rank1=0.65"));
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_THAT(sentences[0], testing::EndsWith(": tinyface.rank1 is 0.6000, below 0.65"));
  EXPECT_THAT(sentences[0], testing::StartsWith("before"));
}

TEST(Regressions, AreWorseByMoreThanTheTolerance) {
  const Json before = evaluation();
  EXPECT_THAT(regressions(before, before, 0), IsEmpty());
  Json now = before;
  now["results"][0]["accuracy"]["mean"] = 0.9783;
  now["results"][0]["eer"] = 0.025;
  now["results"][0]["tar_at_far"]["1e-2"]["value"] = 0.99;
  EXPECT_THAT(regressions(now, before, 0.002),
              ElementsAre("lfw.accuracy is 0.9783, worse than the baseline's 0.9883 by 0.0100 (tolerance 0.002)",
                          "lfw.eer is 0.0250, worse than the baseline's 0.0200 by 0.0050 (tolerance 0.002)"));
  EXPECT_THAT(regressions(now, before, 0.01), IsEmpty());
}

TEST(Regressions, LeaveOutWhatIsNotSupportedAndMissWhatWasNotEvaluated) {
  const Json before = evaluation();
  Json now = before;
  now["results"][0]["tar_at_far"]["1e-4"]["value"] = 0;
  now["results"][1]["condition"]["id"] = "lr8";
  now["results"][1]["accuracy"]["mean"] = 0;
  EXPECT_THAT(regressions(now, before, 0), ElementsAre("the baseline has cfp_fp@lr4, which was not evaluated"));
}

TEST(Regressions, CountWhatIsNoLongerDefined) {
  const Json before = evaluation();
  Json now = before;
  now["results"][0]["eer"] = nullptr;
  EXPECT_THAT(regressions(now, before, 0),
              ElementsAre(HasSubstr("lfw.eer is undefined: there are no different pairs")));
}

TEST(Regressions, CoverIdentification) {
  Report report{.models = {{"m"}}, .results = {{0, "people", identification_of(0.9, 4000, 3000)}}};
  const Json before = to_json(report);
  report.results[0].result = identification_of(0.8, 4000, 3000);
  const auto sentences = regressions(to_json(report), before, 0);
  EXPECT_THAT(sentences, testing::Contains(HasSubstr("people.rank1 is 0.8000")));
  EXPECT_THAT(sentences, testing::Contains(HasSubstr("people.dir_at_fpir.1e-2 is")));
  EXPECT_THAT(sentences, testing::Not(testing::Contains(HasSubstr("dir_at_fpir.1e-3"))));
}

TEST(Regressions, RefuseWhatCannotBeCompared) {
  const Json report = evaluation();
  Json schema = report, other = report, data = report, identified = report;
  schema["schema"] = 2;
  EXPECT_THAT(error_of([&] { regressions(report, schema, 0); }).message(), HasSubstr("schema 2"));
  for (Json& result : other["results"]) result["data"] = "agedb";
  EXPECT_THAT(error_of([&] { regressions(report, other, 0); }).hint(), HasSubstr("agedb"));
  data["results"][0]["data_identity"] = "00";
  identified["results"][0]["data_identity"] = "11";
  EXPECT_THAT(error_of([&] { regressions(identified, data, 0); }).message(), HasSubstr("other images or pairs"));
  EXPECT_EQ(error_of([&] { regressions(to_json(whole_report(0)), report, 0); }).kind(), Error::Kind::usage);
}

TEST(Regressions, RefuseDamagedBaselines) {
  const Json report = evaluation();
  for (const char* text : {"null", "[]", "3", "{}", R"({"schema": "1"})", R"({"schema": 1})",
                           R"({"schema": 1, "models": [{}], "results": [3]})",
                           R"({"schema": 1, "models": [{}], "results": [{"data": "lfw", "condition": null}]})",
                           R"({"schema": 1, "models": 7, "results": []})"}) {
    EXPECT_THROW(regressions(report, Json::parse(text), 0), Error) << text;
  }
  Json wrong = report;
  wrong["results"][0]["tar_at_far"] = "all";
  EXPECT_THROW(regressions(report, wrong, 0), Error);
  wrong = report;
  wrong["results"][0]["accuracy"] = {1, 2, 3};
  EXPECT_THROW(regressions(report, wrong, 0), Error);
}

}  // namespace
}  // namespace facerec::test
