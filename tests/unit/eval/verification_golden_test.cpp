// The figures that arcface_torch and scikit-learn give for the same embeddings (reference/evaluation/README.md): counts
// and rates exact, AUC, EER and thresholds to 1e-9.
#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using nlohmann::json;

void expect_accuracy(const KFoldAccuracy& ours, const json& peer) {
  EXPECT_EQ(ours.accuracy, peer["accuracy_per_fold"].get<std::vector<double>>());
  EXPECT_EQ(ours.mean, peer["accuracy_mean"].get<double>());
  EXPECT_EQ(ours.std, peer["accuracy_std"].get<double>());
  const auto threshold = peer["best_threshold_per_fold"].get<std::vector<double>>();
  ASSERT_EQ(ours.threshold.size(), threshold.size());
  for (size_t i = 0; i < threshold.size(); ++i) EXPECT_NEAR(ours.threshold[i], threshold[i], 1e-9);
  EXPECT_NEAR(ours.mean_threshold, peer["mean_threshold"].get<double>(), 1e-9);
}

void expect_val(const std::optional<ValAtFar>& ours, const json& peer) {
  ASSERT_EQ(ours.has_value(), !peer.contains("val_error"));
  if (!ours) return;
  EXPECT_EQ(ours->mean, peer["val_at_far_1e-3"].get<double>());
  EXPECT_EQ(ours->std, peer["val_std"].get<double>());
  EXPECT_EQ(ours->far, peer["far"].get<double>());
}

void expect_points(const Roc& roc, const json& points, double threshold_tolerance) {
  for (const json& point : points) {
    const OperatingPoint ours = fnmr_at_fmr(roc, point["fmr_target"].get<double>());
    SCOPED_TRACE(point.dump());
    EXPECT_EQ(ours.fmr, golden_number(point["fmr"]));
    EXPECT_EQ(ours.fnmr, golden_number(point["fnmr"]));
    const double threshold = golden_number(point["threshold"]);
    if (std::isinf(threshold)) {
      EXPECT_EQ(ours.threshold, threshold);
    } else {
      EXPECT_NEAR(ours.threshold, threshold, threshold_tolerance);
    }
  }
}

void expect_cosine(const PairScores& scores, const json& golden) {
  const auto roc = roc_curve(scores.cosine, scores.same);
  ASSERT_TRUE(roc.has_value());
  EXPECT_EQ(roc->same, golden["n_genuine"].get<uint64_t>());
  EXPECT_EQ(roc->different, golden["n_impostor"].get<uint64_t>());
  EXPECT_NEAR(area_under(*roc), golden["auc_sklearn"].get<double>(), 1e-9);
  EXPECT_NEAR(equal_error_rate(*roc), golden["eer_roc_interpolated"].get<double>(), 1e-9);
  expect_points(*roc, golden["fnmr_at_fmr"], 1e-9);
  if (golden.contains("det_points")) expect_points(*roc, golden["det_points"], 1e-9);
  for (const json& at : golden["at_thresholds"]) {
    const ErrorRates rates = error_rates(scores.cosine, scores.same, at["threshold"].get<double>());
    EXPECT_EQ(rates.fmr, at["fmr"].get<double>()) << at;
    EXPECT_EQ(rates.fnmr, at["fnmr"].get<double>()) << at;
  }
}

void expect_distribution(const VerificationResult& result, const json& peer) {
  const ScoreDistribution& ours = result.distribution;
  EXPECT_NEAR(ours.same_moments.value().mean, peer["gmean"].get<double>(), 1e-9);
  EXPECT_NEAR(ours.same_moments->std, peer["gstd"].get<double>(), 1e-9);
  EXPECT_NEAR(ours.different_moments.value().mean, peer["imean"].get<double>(), 1e-9);
  EXPECT_NEAR(ours.different_moments->std, peer["istd"].get<double>(), 1e-9);
  EXPECT_NEAR(ours.decidability.value(), peer["decidability"].get<double>(), 1e-9);
}

class LfwFold1 : public testing::TestWithParam<EmbeddingRule> {};

TEST_P(LfwFold1, EqualsThePeers) {
  FACEREC_NEEDS_TEST_DATA();
  const SafetensorsFile file(evaluation_data("lfw_fold1_embeddings.safetensors"));
  const auto original = values<float>(file, "embeddings"), flipped = values<float>(file, "embeddings_flip");
  const auto rows = values<int32_t>(file, "pairs");
  const auto same = values<uint8_t>(file, "issame");
  std::vector<Pair> pairs;
  for (size_t i = 0; i < same.size(); ++i) {
    pairs.push_back({static_cast<uint32_t>(rows[2 * i]), static_cast<uint32_t>(rows[2 * i + 1]), same[i] != 0});
  }
  const json golden = load_json(evaluation_data("lfw_fold1_expected.json"))["variants"][to_string(GetParam())];

  const PairScores scores = score_pairs({128, original, flipped}, pairs, GetParam());
  EXPECT_NEAR(scores.mean_norm, golden["xnorm_mean_l2_of_raw"].get<double>(), 1e-9);
  EXPECT_EQ(scores.zero_embeddings, 0U);
  expect_cosine(scores, golden["cosine"]);

  const VerificationOptions options{.rule = GetParam()};
  const VerificationResult result = evaluate_verification(scores, pairs, interleaved_folds(pairs), options);
  expect_accuracy(result.accuracy, golden["arcface_torch"]);
  expect_val(result.val, golden["arcface_torch"]);
  expect_distribution(result, golden["cosine"]["pyeer"]);
  // 300 different pairs hold no 1e-3, and at FMR 1e-1 no same pair is lost.
  const bool none_lost = result.fmr.front().fnmr == 0;
  EXPECT_THAT(result.notes.front(),
              "at FAR 1e-3 and below: no false match among 300 different pairs bounds the FMR at "
              "0.01 (95 %, rule of three)");
  EXPECT_EQ(result.notes.size(), none_lost ? 2U : 1U);

  const auto file_order = contiguous_folds(pairs.size());
  const VerificationResult in_file_order = evaluate_verification(scores, pairs, file_order, options);
  expect_accuracy(in_file_order.accuracy, golden["arcface_torch_file_order"]);
  expect_val(in_file_order.val, golden["arcface_torch_file_order"]);
  EXPECT_THAT(in_file_order.notes, testing::Contains(testing::HasSubstr("VAL at FAR 1e-3 is undefined")));
}

INSTANTIATE_TEST_SUITE_P(Rules, LfwFold1,
                         testing::Values(EmbeddingRule::no_flip, EmbeddingRule::flip_sum, EmbeddingRule::flip_concat),
                         [](const auto& rule) { return to_string(rule.param); });

TEST(SyntheticScores, EqualThePeers) {
  FACEREC_NEEDS_TEST_DATA();
  const SafetensorsFile file(evaluation_data("synthetic_scores.safetensors"));
  const auto embeddings = values<float>(file, "embeddings");
  const auto pairs = row_pairs(values<uint8_t>(file, "issame"));
  const json golden = load_json(evaluation_data("synthetic_expected.json"));

  const PairScores scores = score_pairs({64, embeddings}, pairs, EmbeddingRule::no_flip);
  const auto cosine = values<double>(file, "cosine"), squared_l2 = values<double>(file, "squared_l2");
  for (size_t i = 0; i < pairs.size(); ++i) {
    ASSERT_NEAR(scores.cosine[i], cosine[i], 1e-12) << i;
    ASSERT_NEAR(scores.squared_l2[i], squared_l2[i], 1e-12) << i;
  }
  expect_cosine(scores, golden["cosine"]);
  const auto fold = contiguous_folds(pairs.size());
  const VerificationResult result = evaluate_verification(scores, pairs, fold, {.rule = EmbeddingRule::no_flip});
  expect_accuracy(result.accuracy, golden["arcface_torch"]);
  expect_val(result.val, golden["arcface_torch"]);
  expect_distribution(result, golden["cosine"]["pyeer"]);
}

TEST(EdgeCases, ScoreLists) {
  FACEREC_NEEDS_TEST_DATA();
  const json cases = load_json(evaluation_data("edge_cases.json"))["scores"];
  ASSERT_EQ(cases.size(), 9U);
  for (const json& golden : cases) {
    SCOPED_TRACE(golden["name"]);
    std::vector<double> scores;
    for (const json& score : golden["scores"]) scores.push_back(golden_number(score));
    const auto same = golden["labels"].get<std::vector<uint8_t>>();
    if (golden["name"] == "one_nan") {
      EXPECT_THROW(roc_curve(scores, same), Error);
      continue;
    }
    const auto roc = roc_curve(scores, same);
    EXPECT_EQ(roc.has_value(), !golden["sklearn_roc_auc"].is_null());
    const ErrorRates rates = error_rates(scores, same, 0.25);
    EXPECT_EQ(rates.fmr.has_value(), golden["name"] != "all_same");
    EXPECT_EQ(rates.fnmr.has_value(), golden["name"] != "all_different");
    if (!roc) continue;
    EXPECT_NEAR(area_under(*roc), golden["sklearn_roc_auc"].get<double>(), 1e-9);
    EXPECT_NEAR(equal_error_rate(*roc), golden["eer_roc_interpolated"].get<double>(), 1e-9);
    EXPECT_NEAR(error_area(*roc), 1 - golden["sklearn_roc_auc"].get<double>(), 1e-9);
    expect_points(*roc, golden["fnmr_at_fmr"], 1e-9);
  }
}

TEST(EdgeCases, SmallFolds) {
  FACEREC_NEEDS_TEST_DATA();
  const json cases = load_json(evaluation_data("edge_cases.json"))["kfold"];
  ASSERT_EQ(cases.size(), 9U);
  for (const json& golden : cases) {
    SCOPED_TRACE(golden["name"]);
    const auto pairs = row_pairs(golden["issame"].get<std::vector<uint8_t>>());
    std::vector<float> embeddings;
    size_t dimension = 0;
    for (const json& row : golden["embeddings"]) {
      dimension = row.size();
      for (const json& value : row) {
        embeddings.push_back(value.is_null() ? NAN : static_cast<float>(golden_number(value)));
      }
    }
    const auto run = [&] {
      const auto fold = contiguous_folds(pairs.size(), golden["folds"].get<int>());
      return evaluate_verification({dimension, embeddings}, pairs, fold, {.rule = EmbeddingRule::no_flip});
    };
    if (golden["arcface_torch"].contains("exception") || golden["name"] == "nan_embedding_genuine") {
      EXPECT_THROW(run(), Error);
      continue;
    }
    const VerificationResult result = run();
    expect_accuracy(result.accuracy, golden["arcface_torch"]);
    expect_val(result.val, golden["arcface_torch"]);
    EXPECT_EQ(result.zero_embeddings, golden["name"] == "zero_embedding_impostor" ? 1U : 0U);
    const auto tells = [&](const char* text) {
      return std::ranges::any_of(result.notes, [&](const std::string& note) { return note.find(text) < note.size(); });
    };
    EXPECT_EQ(tells("VAL at FAR 1e-3 is undefined"), !result.val.has_value());
    EXPECT_EQ(tells("embeddings are zero"), result.zero_embeddings > 0);
    EXPECT_EQ(tells("AUC, EER, TAR and FNMR at a wanted FAR are undefined"), !result.roc.has_value());
  }
}

}  // namespace
}  // namespace facerec::test
