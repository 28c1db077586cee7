// Templates against insightface's eval_ijbc.py (reference/evaluation/README.md): features and scores to 1e-6, rates
// exact.
#include "facerec/eval/templates.h"

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using nlohmann::json;

struct Protocol {
  SafetensorsFile file{evaluation_data("template_protocol.safetensors")};
  std::vector<float> original = {}, flipped = {}, detector = {};
  std::vector<uint32_t> template_of = {};  // places in the ascending numbers
  std::vector<int64_t> medium_of = {};
  std::vector<Pair> pairs = {};
  size_t templates = 0;

  Protocol() {
    const auto features = values<float>(file, "image_features");
    for (size_t i = 0; i < features.size(); ++i) (i % 128 < 64 ? original : flipped).push_back(features[i]);
    detector = values<float>(file, "detector_scores");
    const auto numbers = integers("template_ids");
    templates = numbers.size();
    const auto place = [&](int64_t number) {
      return static_cast<uint32_t>(std::ranges::lower_bound(numbers, number) - numbers.begin());
    };
    for (const int64_t number : integers("image_template")) template_of.push_back(place(number));
    medium_of = integers("image_media");
    const auto rows = integers("pairs");
    for (size_t i = 0; i < rows.size(); i += 3) pairs.push_back({place(rows[i]), place(rows[i + 1]), rows[i + 2] != 0});
  }

  std::vector<int64_t> integers(const std::string& name) const {
    if (dtype_size(file.at(name).dtype) == 8) return values<int64_t>(file, name);
    const auto narrow = values<int32_t>(file, name);
    return {narrow.begin(), narrow.end()};
  }

  TemplateFeatures pool(const PoolOptions& options) const {
    return pool_templates({64, original, flipped}, detector, template_of, medium_of, templates, options);
  }
};

class TemplateVariant : public testing::TestWithParam<std::string> {};

TEST_P(TemplateVariant, EqualsThePeer) {
  FACEREC_NEEDS_TEST_DATA();
  const Protocol protocol;
  const json golden = load_json(evaluation_data("template_protocol_expected.json"))["variants"][GetParam()];
  const TemplateFeatures features = protocol.pool({.flip = golden["use_flip_test"].get<bool>(),
                                                   .keep_norm = golden["use_norm_score"].get<bool>(),
                                                   .detector_score = golden["use_detector_score"].get<bool>()});
  if (GetParam() == "flip_norm_det") {
    const auto expected = values<double>(protocol.file, "template_features");
    ASSERT_EQ(features.rows.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(features.rows[i], expected[i], 1e-6) << i;
  }
  const auto scores = values<double>(protocol.file, "scores_" + GetParam());
  for (size_t i = 0; i < scores.size(); ++i) {
    double cosine = 0;
    for (size_t k = 0; k < 64; ++k) {
      cosine +=
          double{features.rows[64 * protocol.pairs[i].a + k]} * double{features.rows[64 * protocol.pairs[i].b + k]};
    }
    ASSERT_NEAR(cosine, scores[i], 1e-6) << i;
  }

  const TemplateResult result = evaluate_templates(features, protocol.pairs);
  EXPECT_EQ(result.same, 600U);
  EXPECT_EQ(result.different, 2400U);
  EXPECT_EQ(result.empty_templates, 0U);
  EXPECT_NEAR(result.auc.value(), golden["auc"].get<double>(), 1e-9);
  for (const NearestTar& nearest : result.nearest) {
    SCOPED_TRACE(nearest.target);
    const json& peer = golden["tar_at_far_nearest"];
    const auto entry = std::ranges::find_if(
        peer.items(), [&](const auto& item) { return std::abs(std::stod(item.key()) / nearest.target - 1) < 1e-9; });
    EXPECT_EQ(nearest.tar, entry.value()["tar"].template get<double>());
    EXPECT_EQ(nearest.fpr, entry.value()["fpr_used"].template get<double>());
  }
  for (const json& point : golden["strict"]) {
    const OperatingPoint ours = fnmr_at_fmr(*result.roc, point["fmr_target"].get<double>());
    EXPECT_EQ(ours.fmr, point["fmr"].get<double>());
    EXPECT_EQ(ours.fnmr, point["fnmr"].get<double>());
    EXPECT_NEAR(ours.threshold, golden_number(point["threshold"]), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Peer, TemplateVariant,
                         testing::Values("flip_norm_det", "flip_norm_nodet", "flip_nonorm_det", "noflip_norm_det",
                                         "noflip_nonorm_nodet"),
                         [](const auto& variant) { return variant.param; });

// Template 0: two frames of one video and a picture; template 1: a picture.
struct Small {
  std::vector<float> rows = {3, 0, 1, 0, 0, 4, 0, 2};
  std::vector<float> detector = {1, 1, 1, 1};
  std::vector<uint32_t> template_of = {0, 0, 0, 1};
  std::vector<int64_t> medium_of = {5, 5, 9, 5};

  TemplateFeatures pool(PoolOptions options) const {
    options.flip = false;
    return pool_templates({2, rows}, detector, template_of, medium_of, 2, options);
  }
};

TEST(PoolTemplates, AverageFramesAndAddMedia) {
  const TemplateFeatures features = Small().pool({});
  EXPECT_NEAR(features.rows[0], 2 / std::sqrt(20), 1e-7);  // (3 + 1) / 2 beside 4
  EXPECT_NEAR(features.rows[1], 4 / std::sqrt(20), 1e-7);
  EXPECT_EQ(features.rows[3], 1);
}

TEST(PoolTemplates, LeaveOutWhatFailed) {
  const TemplateFeatures features = Small().pool({.failed = {0, 0, 1, 1}});
  EXPECT_EQ(features.rows, (std::vector<float>{1, 0, 0, 0}));
  EXPECT_EQ(features.empty_templates, 1U);
}

TEST(PoolTemplates, CheckTheirInput) {
  Small small;
  small.detector[2] = NAN;
  EXPECT_NO_THROW(small.pool({.detector_score = false}));
  EXPECT_THROW(small.pool({}), Error);
  small.detector.pop_back();
  EXPECT_THROW(small.pool({}), Error);
  small = {};
  small.rows[0] = INFINITY;
  EXPECT_THROW(small.pool({}), Error);
  small = {};
  small.template_of[3] = 2;
  EXPECT_THROW(small.pool({}), Error);
}

// Points of a circle, drawn at random.
TemplateFeatures circle(size_t count) {
  Random random("circle", {count});
  TemplateFeatures features{.dimension = 2};
  for (size_t i = 0; i < count; ++i) {
    const double angle = random.uniform(0, 6.28);
    features.rows.push_back(static_cast<float>(std::cos(angle)));
    features.rows.push_back(static_cast<float>(std::sin(angle)));
  }
  return features;
}

TEST(EvaluateTemplates, EmptyOnesNeverMatch) {
  TemplateFeatures features = circle(4);
  features.rows[6] = features.rows[7] = 0;
  features.empty_templates = 1;
  const std::vector<Pair> pairs = {{0, 0, true}, {3, 3, true}, {0, 1, false}, {1, 3, false}};
  const TemplateResult result = evaluate_templates(features, pairs);
  EXPECT_EQ(result.fmr.front().fnmr, 0.5);
  EXPECT_NEAR(result.distribution.same_moments.value().mean, 1, 1e-7);
  EXPECT_THAT(result.notes, testing::Contains("1 of 4 templates could not be processed: their 2 pairs count as "
                                              "non-matches (ISO/IEC 19795-1)"));
  EXPECT_THROW(evaluate_templates(features, std::vector<Pair>{{0, 4, true}}), Error);
}

TEST(EvaluateTemplates, CountsWhatIsTooMuchToKeep) {
  const TemplateFeatures features = circle(50);
  std::vector<Pair> few;
  for (uint32_t a = 0; a < 50; ++a) {
    for (uint32_t b = 0; b < a; ++b) few.push_back({a, b, (a + b) % 7 == 0});
  }
  std::vector<Pair> many;
  while (many.size() <= 1'000'000) many.insert(many.end(), few.begin(), few.end());
  const TemplateResult exact = evaluate_templates(features, few), counted = evaluate_templates(features, many);
  EXPECT_EQ(counted.pairs, many.size());
  EXPECT_NEAR(counted.auc.value(), exact.auc.value(), 1e-5);
  EXPECT_NEAR(counted.fmr[1].fnmr, exact.fmr[1].fnmr, 1e-12);
}

}  // namespace
}  // namespace facerec::test
