#include "facerec/eval/report.h"

#include <numeric>

#include "facerec/core/error.h"
#include "unit/eval/report_examples.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ReportJson, FollowsTheSchema) {
  const Report report = one_model();
  const auto json = to_json(report);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["models"][0]["path"], "runs/a/best");
  EXPECT_EQ(json["models"][0]["architecture"], "ir_50");
  EXPECT_EQ(json["models"][0]["identity"], "00ff");
  ASSERT_EQ(json["results"].size(), 2U);

  const auto& lfw = json["results"][0];
  const VerificationResult& ours = report.results[0].verification();
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
  EXPECT_EQ(json["mean_accuracy"], (ours.accuracy.mean + report.results[1].verification().accuracy.mean) / 2);
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
  const auto json = to_json({{{"m", "", "", ""}}, {{0, "x", verification_of(inverted)}}});
  EXPECT_EQ(json["results"][0]["tar_at_far"]["1e-6"]["threshold"], "inf");
  EXPECT_EQ(json["results"][0]["tar_at_far"]["1e-6"]["value"], 0.0);
}

TEST(ReportJson, SeveralModelsHaveNoCommonMean) {
  Report report = one_model();
  report.models.push_back({"runs/b", "ir_50", "11ff", "tuned"});
  report.results.push_back({1, "lfw", verification_of(3000, 6, 1)});
  const auto json = to_json(report);
  EXPECT_TRUE(json["mean_accuracy"].is_null());
  EXPECT_EQ(json["models"][1]["mean_accuracy"], report.results[2].verification().accuracy.mean);
  EXPECT_EQ(json["results"][2]["model"], 1);
  report.results.push_back({2, "lfw", verification_of(10, 6, 1)});
  EXPECT_THROW(to_json(report), Error);
}

// What the peers' own code prints for the same embeddings is what a script reads, and what a person sees.
TEST(ReportJson, HasThePeersNumbers) {
  FACEREC_NEEDS_TEST_DATA();
  const SafetensorsFile file(evaluation_data("synthetic_scores.safetensors"));
  const auto pairs = row_pairs(values<uint8_t>(file, "issame"));
  const auto embeddings = values<float>(file, "embeddings");
  const nlohmann::json golden = load_json(evaluation_data("synthetic_expected.json"));
  const Report report{{{"m"}},
                      {{0, "synthetic",
                        evaluate_verification({64, embeddings}, pairs, contiguous_folds(pairs.size()),
                                              {.rule = EmbeddingRule::no_flip})}}};
  const auto json = to_json(report);
  const auto& result = json["results"][0];
  const auto &peer = golden["arcface_torch"], &cosine = golden["cosine"];
  EXPECT_EQ(result["accuracy"]["mean"].get<double>(), peer["accuracy_mean"].get<double>());
  EXPECT_EQ(result["accuracy"]["std"].get<double>(), peer["accuracy_std"].get<double>());
  EXPECT_EQ(result["val_at_far"]["1e-3"]["value"].get<double>(), peer["val_at_far_1e-3"].get<double>());
  EXPECT_NEAR(result["auc"], cosine["auc_sklearn"].get<double>(), 1e-9);
  EXPECT_NEAR(result["eer"], cosine["eer_roc_interpolated"].get<double>(), 1e-9);
  for (const auto& point : cosine["fnmr_at_fmr"]) {
    const auto& ours = result["fnmr_at_fmr"][fmt::format("1e{:.0f}", std::log10(point["fmr_target"].get<double>()))];
    EXPECT_EQ(ours["value"].get<double>(), point["fnmr"].get<double>());
    EXPECT_EQ(ours["fmr"].get<double>(), point["fmr"].get<double>());
  }
  EXPECT_THAT(to_text(report), HasSubstr("93.28 ± 1.11"));
  EXPECT_EQ(to_plain_text(report), "synthetic : 0.9328\nAvg : 0.9328\n");
}

// The document that the figures below are looked up in.
const nlohmann::ordered_json& whole_json() {
  static const nlohmann::ordered_json json = to_json(whole_report());
  return json;
}

const nlohmann::ordered_json& result_named(const std::string& data, const std::string& condition = "") {
  for (const auto& result : whole_json()["results"]) {
    const std::string id = result["condition"].is_null() ? "" : result["condition"]["id"].get<std::string>();
    if (result["data"] == data && id == condition) return result;
  }
  throw std::runtime_error("no result of " + data);
}

TEST(ReportJson, SaysWhatItRestsOn) {
  const auto& provenance = whole_json()["provenance"];
  EXPECT_EQ(provenance["version"], "1.2.0");
  EXPECT_EQ(provenance["time"], "2026-01-31T12:00:00Z");
  EXPECT_EQ(provenance["machine"], "a processor, 2 cores, Linux 6");
  EXPECT_EQ(provenance["engine"], "openvino on cpu in fp32");
  EXPECT_EQ(provenance["configuration"]["seed"], 1);
  EXPECT_EQ(result_named("lfw")["data_identity"], std::string(64, 'd'));
  EXPECT_TRUE(result_named("cfp_fp")["data_identity"].is_null());
}

TEST(ReportJson, GivesIntervalsWherePeopleWereResampled) {
  const auto &lfw = result_named("lfw"), &blur = result_named("lfw", "blur1");
  EXPECT_LE(lfw["accuracy"]["bootstrap_ci95"][0], lfw["accuracy"]["mean"]);
  EXPECT_GE(lfw["accuracy"]["bootstrap_ci95"][1], lfw["accuracy"]["mean"]);
  EXPECT_LT(lfw["auc_ci95"][0], lfw["auc_ci95"][1]);
  EXPECT_LT(lfw["eer_ci95"][0], lfw["eer_ci95"][1]);
  const auto &tar = lfw["tar_at_far"]["1e-2"], &fnmr = lfw["fnmr_at_fmr"]["1e-2"];
  EXPECT_LT(tar["ci95"][0], tar["ci95"][1]);
  EXPECT_EQ(fnmr["ci95"][0].get<double>(), 1 - tar["ci95"][1].get<double>());
  EXPECT_EQ(lfw["bootstrap"]["replicates"], 100);
  EXPECT_TRUE(blur["accuracy"]["bootstrap_ci95"].is_null());
  EXPECT_TRUE(blur["auc_ci95"].is_null());
  EXPECT_TRUE(blur["tar_at_far"]["1e-2"]["ci95"].is_null());
  EXPECT_TRUE(blur["bootstrap"].is_null());
}

TEST(ReportJson, GivesCurvesAndDistributions) {
  const auto& lfw = result_named("lfw");
  EXPECT_NEAR(lfw["error_area"], 1 - lfw["auc"].get<double>(), 1e-12);
  const auto& curve = lfw["error_curve"];
  EXPECT_EQ(curve["threshold"].size(), curve["fnmr"].size());
  EXPECT_EQ(curve["threshold"].size(), curve["fmr"].size());
  EXPECT_LE(curve["threshold"].size(), 1001U);
  EXPECT_EQ(curve["fmr"].front(), 1.0);
  const auto& distribution = lfw["distribution"];
  EXPECT_EQ(distribution["same"].size(), 200U);
  EXPECT_EQ(distribution["low"], -1.0);
  const auto counts = distribution["different"].get<std::vector<uint64_t>>();
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), uint64_t{0}), 3000U);
  EXPECT_NEAR(distribution["same_moments"]["mean"], 0.42, 0.01);
  EXPECT_GT(distribution["decidability"], 3.0);
}

TEST(ReportJson, NamesConditions) {
  EXPECT_TRUE(result_named("lfw")["condition"].is_null());
  const auto& condition = result_named("lfw", "lr4+rcan")["condition"];
  EXPECT_EQ(condition["name"], "LR ×4 + rcan");
  EXPECT_EQ(condition["kind"], "low_res");
  EXPECT_EQ(condition["severity"], 4.0);
  EXPECT_EQ(condition["side"], "both");
  EXPECT_EQ(condition["restored_by"], "rcan");
  EXPECT_EQ(whole_json()["models"][0]["mean_accuracy_under"]["lr4+rcan"],
            result_named("lfw", "lr4+rcan")["accuracy"]["mean"]);
  EXPECT_EQ(condition_id({}), "");
  EXPECT_EQ(condition_id({"LR ×8", "low_res", 8, "first", ""}), "lr8-first");
  EXPECT_EQ(condition_id({"", "low_res", 4, "both", "my nets/x=2.onnx"}), "lr4+my_nets_x_2.onnx");
  EXPECT_EQ(condition_id({"noise 0.1", "noise", 0.1, "both", ""}), "noise0.1");
}

TEST(ReportJson, HoldsTheOtherProtocols) {
  const auto& templates = result_named("ijbc");
  EXPECT_EQ(templates["protocol"], "templates");
  EXPECT_EQ(templates["templates"], 400);
  EXPECT_EQ(templates["failures"]["templates"], 1);
  EXPECT_EQ(templates["tar_at_nearest_far"]["1e-4"]["value"], templates["tar_at_far"]["1e-4"]["value"]);
  const auto& pairs = result_named("faces");
  EXPECT_EQ(pairs["protocol"], "all_pairs");
  EXPECT_EQ(pairs["tar_at_far"]["1e-6"]["supported"], false);
  EXPECT_EQ(pairs["tar_at_far"]["1e-3"]["supported"], true);

  const auto &closed = result_named("tinyface"), &open = result_named("gallery");
  EXPECT_EQ(closed["protocol"], "identification");
  EXPECT_EQ(closed["rank1"], 0.6);
  EXPECT_EQ(closed["rank20"], closed["cmc"][19]);
  EXPECT_EQ(closed["gallery"]["distractors"], 10'000);
  EXPECT_TRUE(closed["dir_at_fpir"]["1e-2"]["value"].is_null());
  EXPECT_EQ(open["dir_at_fpir"]["1e-1"]["supported"], true);
  EXPECT_EQ(open["dir_at_fpir"]["1e-2"]["supported"], false);
  EXPECT_EQ(open["open_set_curve"]["fpir"].size(), open["open_set_curve"]["fnir"].size());
}

TEST(ReportJson, HoldsGroupsAndWrongPairs) {
  const auto& groups = result_named("rfw")["groups"];
  EXPECT_EQ(groups["threshold"], 0.312);
  EXPECT_EQ(groups["groups"][1]["group"], "Asian");
  EXPECT_EQ(groups["groups"][1]["fmr"], 0.018);
  EXPECT_LT(groups["groups"][1]["fmr_ci95"][0], 0.018);
  EXPECT_EQ(groups["spread"]["fmr"]["largest_by_smallest"], 4.0);
  EXPECT_EQ(result_named("lfw")["wrong_pairs"][1]["images"][0], "한국어/사진.jpg");
  EXPECT_EQ(result_named("lfw")["wrong_pairs"][1]["cosine"], 0.021);
}

TEST(ReportJson, SaysWhatADistanceIsAThresholdOf) {
  PairScores scores = normal_scores(100, 3, 1);
  for (double& distance : scores.distance) distance *= 10;
  const auto json = to_json({{{"m", "", "", ""}}, {{0, "x", verification_of(scores, 0, PairScore::euclidean)}}});
  const auto& result = json["results"][0];
  EXPECT_EQ(result["score"], "euclidean");
  EXPECT_TRUE(result["threshold"]["cosine"].is_null());
  EXPECT_GT(result["threshold"]["distance"], 5.0);
  EXPECT_TRUE(result["val_at_far"]["1e-3"]["value"].is_null());
}

TEST(Comparisons, HaveAPairedInterval) {
  const auto comparisons = compare_models(whole_report());
  const auto find = [&](const std::string& data, const std::string& figure) -> const Comparison& {
    return *std::ranges::find_if(comparisons,
                                 [&](const Comparison& c) { return c.data == data && c.figure == figure; });
  };
  const Comparison& accuracy = find("lfw", "accuracy");
  EXPECT_EQ(accuracy.model, 1U);
  EXPECT_GT(accuracy.difference(), 0);
  ASSERT_TRUE(accuracy.ci95);
  EXPECT_LE(accuracy.ci95->low, accuracy.difference());
  EXPECT_GE(accuracy.ci95->high, accuracy.difference());
  EXPECT_TRUE(accuracy.significant());
  // Points that 3,000 impostor pairs do not support are not compared, nor are sets without resampling judged.
  EXPECT_TRUE(std::ranges::none_of(comparisons, [](const Comparison& c) { return c.figure == "tar_at_far.1e-3"; }));
  EXPECT_FALSE(find("rfw", "accuracy").ci95);
  EXPECT_FALSE(find("rfw", "accuracy").significant());
}

TEST(Comparisons, OfAModelWithItselfAreNotSignificant) {
  const VerificationResult result = verification_of(600, 4, 1, 200);
  const Report report{.models = {{"a"}, {"b"}}, .results = {{0, "lfw", result}, {1, "lfw", result}}};
  for (const Comparison& comparison : compare_models(report)) {
    EXPECT_EQ(comparison.difference(), 0);
    EXPECT_FALSE(comparison.significant()) << comparison.figure;
  }
  EXPECT_THAT(to_text(report), HasSubstr("not significant"));
}

TEST(Comparisons, AreNotMadeOfDifferentPairs) {
  const Report report{
      .models = {{"a"}, {"b"}},
      .results = {{0, "lfw", verification_of(600, 4, 1, 50)}, {1, "lfw", verification_of(500, 4, 1, 50)}}};
  for (const Comparison& comparison : compare_models(report)) EXPECT_FALSE(comparison.ci95);
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
  const std::string text = to_text({{{"m", "", "", ""}}, {{0, "big", verification_of(30'000, 5, 1)}}});
  EXPECT_THAT(text, Not(HasSubstr("*")));
  EXPECT_THAT(text, Not(HasSubstr("mean")));
}

TEST(ReportText, PutsTheModelsOfADataSetTogether) {
  const VerificationResult result = verification_of(100, 4, 1);
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

TEST(ReportText, HasATableForEveryProtocol) {
  const std::string text = to_text(whole_report());
  for (const char* title : {"\nVerification of templates\n", "\nAll pairs of images\n", "\nIdentification\n",
                            "\nAccuracy % at low resolution\n", "\nAccuracy % under blur\n",
                            "\nGroups of people, at one threshold\n", "\nCompared with before"}) {
    EXPECT_THAT(text, HasSubstr(title));
  }
  EXPECT_THAT(text, HasSubstr("rank-1 %"));
  EXPECT_THAT(text, HasSubstr("significantly better"));
  EXPECT_THAT(text, HasSubstr("threshold 0.312 (FMR 1e-2 of all pairs); 12 pairs across groups"));
  EXPECT_THAT(text, HasSubstr("FMR: largest / smallest 4.00"));
}

TEST(ReportText, PutsResolutionsSideBySide) {
  const std::string text = to_text(whole_report());
  EXPECT_THAT(text, testing::ContainsRegex("HR +LR ×2 +LR ×2 \\+ rcan +LR ×4 +LR ×4 \\+ rcan +LR ×8"));
}

TEST(ReportText, IsLinedUp) {
  std::istringstream text(to_text(whole_report()));
  for (std::string line; std::getline(text, line);) EXPECT_FALSE(line.ends_with(' ')) << line;
}

TEST(PlainText, IsThatOfSnuFaceRecognition) {
  const Report report = one_model();
  const double lfw = report.results[0].verification().accuracy.mean,
               cfp = report.results[1].verification().accuracy.mean;
  EXPECT_EQ(to_plain_text(report),
            fmt::format("lfw : {:.4f}\ncfp_fp : {:.4f}\nAvg : {:.4f}\n", lfw, cfp, (lfw + cfp) / 2));
  EXPECT_EQ(to_plain_text({}), "");
}

TEST(PlainText, HasABlockForEveryModelAndCondition) {
  const std::string text = to_plain_text(whole_report());
  EXPECT_THAT(text, HasSubstr("after, 파인튜닝\nlfw : "));
  EXPECT_THAT(text, HasSubstr("after, 파인튜닝, LR ×4 + rcan\nlfw : "));
}

TEST(ReportText, UndefinedFiguresAreDashesWithANote) {
  const std::string text = to_text({{{"m", "", "", ""}}, {{0, "x", same_pairs_only()}}});
  EXPECT_THAT(text, HasSubstr(" - "));
  EXPECT_THAT(text, HasSubstr("x: there are no different pairs"));
}

}  // namespace
}  // namespace facerec::test
