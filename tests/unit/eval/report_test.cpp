#include "facerec/eval/report.h"

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

VerificationResult result_of(size_t count, double distance, uint64_t seed) {
  return evaluate_verification(normal_scores(count, distance, seed), contiguous_folds(2 * count),
                               EmbeddingRule::flip_sum);
}

VerificationResult same_pairs_only() {
  PairScores scores = normal_scores(50, 3, 8);
  std::ranges::fill(scores.same, 1);
  return evaluate_verification(scores, contiguous_folds(100), EmbeddingRule::no_flip);
}

Report one_model() {
  return {{{"runs/a/best", "ir_50", "00ff", ""}},
          {{0, "lfw", result_of(3000, 5, 1)}, {0, "cfp_fp", result_of(500, 3, 2)}}};
}

TEST(ReportJson, FollowsTheSchema) {
  const Report report = one_model();
  const auto json = to_json(report);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["models"][0]["path"], "runs/a/best");
  EXPECT_EQ(json["models"][0]["architecture"], "ir_50");
  EXPECT_EQ(json["models"][0]["identity"], "00ff");
  ASSERT_EQ(json["results"].size(), 2U);

  const auto& lfw = json["results"][0];
  const VerificationResult& ours = report.results[0].verification;
  EXPECT_EQ(lfw["model"], 0);
  EXPECT_EQ(lfw["data"], "lfw");
  EXPECT_EQ(lfw["protocol"], "verification");
  EXPECT_EQ(lfw["flip"], "flip_sum");
  EXPECT_EQ(lfw["pairs"], 6000);
  EXPECT_EQ(lfw["same"], 3000);
  EXPECT_EQ(lfw["different"], 3000);
  EXPECT_EQ(lfw["folds"], 10);
  EXPECT_EQ(lfw["accuracy"]["mean"], ours.accuracy.mean);
  EXPECT_EQ(lfw["accuracy"]["std"], ours.accuracy.std);
  EXPECT_EQ(lfw["accuracy"]["ci95"][0], ours.accuracy.ci95.low);
  EXPECT_EQ(lfw["accuracy"]["ci95"][1], ours.accuracy.ci95.high);
  EXPECT_EQ(lfw["accuracy"]["per_fold"].size(), 10U);
  EXPECT_EQ(lfw["threshold"]["squared_l2"], ours.accuracy.mean_threshold);
  EXPECT_EQ(lfw["threshold"]["cosine"], 1 - ours.accuracy.mean_threshold / 2);
  EXPECT_EQ(lfw["auc"], *ours.auc);
  EXPECT_EQ(lfw["eer"], *ours.eer);
  EXPECT_EQ(lfw["tar_at_far"].size(), 6U);
  EXPECT_EQ(lfw["tar_at_far"]["1e-2"]["supported"], true);
  EXPECT_EQ(lfw["tar_at_far"]["1e-3"]["supported"], false);
  EXPECT_EQ(lfw["tar_at_far"]["1e-3"]["value"], ours.fmr[2].tar());
  EXPECT_EQ(lfw["tar_at_far"]["1e-3"]["threshold"], ours.fmr[2].threshold);
  EXPECT_EQ(lfw["fnmr_at_fmr"]["1e-3"]["value"], ours.fmr[2].fnmr);
  EXPECT_EQ(lfw["val_at_far"]["1e-3"]["value"], ours.val->mean);
  EXPECT_EQ(json["mean_accuracy"], (ours.accuracy.mean + report.results[1].verification.accuracy.mean) / 2);
}

TEST(ReportJson, UndefinedIsNullAndInfiniteIsText) {
  const auto undefined = to_json({{{"m", "", "", ""}}, {{0, "x", same_pairs_only()}}});
  const auto& result = undefined["results"][0];
  EXPECT_TRUE(result["auc"].is_null());
  EXPECT_TRUE(result["eer"].is_null());
  EXPECT_TRUE(result["tar_at_far"]["1e-3"]["value"].is_null());
  EXPECT_TRUE(result["tar_at_far"]["1e-3"]["threshold"].is_null());
  EXPECT_EQ(result["tar_at_far"]["1e-3"]["supported"], false);
  EXPECT_TRUE(result["val_at_far"]["1e-3"]["value"].is_null());
  EXPECT_THAT(result["notes"][0].get<std::string>(), HasSubstr("no different pairs"));

  PairScores inverted = normal_scores(50, 3, 8);
  for (double& value : inverted.cosine) value = -value;
  const auto result_of_inverted = evaluate_verification(inverted, contiguous_folds(100), EmbeddingRule::no_flip);
  const auto json = to_json({{{"m", "", "", ""}}, {{0, "x", result_of_inverted}}});
  EXPECT_EQ(json["results"][0]["tar_at_far"]["1e-6"]["threshold"], "inf");
  EXPECT_EQ(json["results"][0]["tar_at_far"]["1e-6"]["value"], 0.0);
}

TEST(ReportJson, SeveralModelsHaveNoCommonMean) {
  Report report = one_model();
  report.models.push_back({"runs/b", "ir_50", "11ff", "tuned"});
  report.results.push_back({1, "lfw", result_of(3000, 6, 1)});
  const auto json = to_json(report);
  EXPECT_TRUE(json["mean_accuracy"].is_null());
  EXPECT_EQ(json["models"][1]["mean_accuracy"], report.results[2].verification.accuracy.mean);
  EXPECT_EQ(json["results"][2]["model"], 1);
  report.results.push_back({2, "lfw", result_of(10, 6, 1)});
  EXPECT_THROW(to_json(report), Error);
}

TEST(ReportJson, EmptyReport) {
  const auto json = to_json({});
  EXPECT_TRUE(json["results"].is_array());
  EXPECT_TRUE(json["mean_accuracy"].is_null());
  EXPECT_FALSE(to_text({}).empty());
}

TEST(ReportText, HasARowADataSetAndMarksWhatIsNotSupported) {
  const std::string text = to_text(one_model());
  EXPECT_THAT(text, HasSubstr("model: runs/a/best (ir_50)\n"));
  EXPECT_THAT(text, HasSubstr("\nlfw "));
  EXPECT_THAT(text, HasSubstr("\ncfp_fp "));
  EXPECT_THAT(text, HasSubstr("\nmean "));
  EXPECT_THAT(text, HasSubstr("* too few different pairs"));
}

TEST(ReportText, NeedsNoLegendWhereAllIsSupported) {
  const std::string text = to_text({{{"m", "", "", ""}}, {{0, "big", result_of(30'000, 5, 1)}}});
  EXPECT_THAT(text, Not(HasSubstr("*")));
  EXPECT_THAT(text, Not(HasSubstr("mean")));
}

TEST(ReportText, PutsTheModelsOfADataSetTogether) {
  const VerificationResult result = result_of(100, 4, 1);
  const std::string text = to_text({{{"a", "", "", "before"}, {"b", "", "", "after"}},
                                    {{0, "lfw", result}, {0, "cfp", result}, {1, "lfw", result}, {1, "cfp", result}}});
  std::vector<size_t> at;
  for (const char* row :
       {"lfw   before", "lfw   after", "cfp   before", "cfp   after", "mean  before", "mean  after"}) {
    at.push_back(text.find(row));
    EXPECT_NE(at.back(), std::string::npos) << row << '\n' << text;
  }
  EXPECT_TRUE(std::ranges::is_sorted(at)) << text;
}

TEST(ReportText, UndefinedFiguresAreDashesWithANote) {
  const std::string text = to_text({{{"m", "", "", ""}}, {{0, "x", same_pairs_only()}}});
  EXPECT_THAT(text, HasSubstr(" - "));
  EXPECT_THAT(text, HasSubstr("x: there are no different pairs"));
}

}  // namespace
}  // namespace facerec::test
