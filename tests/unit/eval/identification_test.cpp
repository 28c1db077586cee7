#include "facerec/eval/identification.h"

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using nlohmann::json;

// The last point at a threshold that is not below `threshold`: what the step curve is there.
FpirCurvePoint point_at(const IdentificationResult& result, double threshold) {
  FpirCurvePoint at{.threshold = threshold, .fpir = 0, .fnir = 1};
  for (const FpirCurvePoint& point : result.curve) {
    if (point.threshold >= threshold) at = point;
  }
  return at;
}

TEST(Identification, EqualsTheReference) {
  FACEREC_NEEDS_TEST_DATA();
  const SafetensorsFile file(evaluation_data("identification.safetensors"));
  const json golden = load_json(evaluation_data("identification_expected.json"));
  const auto gallery = values<float>(file, "gallery"), probe = values<float>(file, "probe");
  const auto identities = [&](const char* name) {
    if (dtype_size(file.at(name).dtype) == 4) return values<int32_t>(file, name);
    const auto wide = values<int64_t>(file, name);
    return std::vector<int32_t>(wide.begin(), wide.end());
  };
  const auto unit = [](std::vector<float> rows) {
    for (size_t begin = 0; begin < rows.size(); begin += 64) {
      double squares = 0;
      for (size_t k = begin; k < begin + 64; ++k) squares += double{rows[k]} * double{rows[k]};
      for (size_t k = begin; k < begin + 64; ++k) rows[k] = static_cast<float>(rows[k] / std::sqrt(squares));
    }
    return rows;
  };
  const auto gallery_rows = unit(gallery), probe_rows = unit(probe);
  const auto gallery_id = identities("gallery_id"), probe_id = identities("probe_id");
  const IdentificationResult result =
      evaluate_identification({gallery_rows, gallery_id}, {probe_rows, probe_id}, 64, {.max_rank = 200});

  EXPECT_EQ(result.gallery, 200U);
  EXPECT_EQ(result.people, 200U);
  EXPECT_EQ(result.mated, golden["mated"].get<uint64_t>());
  EXPECT_EQ(result.nonmated, 500U);
  const auto cmc = golden["cmc"].get<std::vector<double>>();
  ASSERT_EQ(result.cmc.size(), cmc.size());
  for (size_t i = 0; i < cmc.size(); ++i) EXPECT_DOUBLE_EQ(result.cmc[i], cmc[i]) << i;
  for (const json& point : golden["curve"]) {
    const FpirCurvePoint ours = point_at(result, point["threshold"].get<double>());
    EXPECT_DOUBLE_EQ(ours.fpir, point["fpir"].get<double>()) << point;
    EXPECT_DOUBLE_EQ(ours.fnir, point["fnir_R1"].get<double>()) << point;
  }
  size_t compared = 0;
  for (const FpirPoint& ours : result.at_fpir) {
    for (const json& point : golden["at_fpir"]) {
      if (point["fpir_target"] != ours.target) continue;
      ++compared;
      EXPECT_NEAR(ours.threshold, golden_number(point["threshold"]), 1e-6);
      EXPECT_DOUBLE_EQ(ours.fpir, point["fpir"].get<double>());
      EXPECT_DOUBLE_EQ(ours.dir(), point["dir_R1"].get<double>());
      EXPECT_EQ(ours.supported, ours.target == 0.1);  // 500 · 0.1 ≥ 30
    }
  }
  EXPECT_EQ(compared, 2U);  // the reference has no 1e-3
  EXPECT_TRUE(result.notes.empty());
}

// A unit vector whose cosine with (1, 0) is c.
void add(std::vector<float>& rows, float c) {
  rows.push_back(c);
  rows.push_back(std::sqrt(1 - c * c));
}

struct Gallery {
  std::vector<float> rows = {};
  std::vector<int32_t> identity = {};
};

// The probe (1, 0) finds entries with these cosines.
Gallery gallery_of(const std::vector<std::pair<float, int32_t>>& entries) {
  Gallery gallery;
  for (const auto& [cosine, person] : entries) {
    add(gallery.rows, cosine);
    gallery.identity.push_back(person);
  }
  return gallery;
}

const std::vector<float> probe = {1, 0};

size_t rank_of(const Gallery& gallery, int32_t person, bool rank_entries) {
  const std::vector<int32_t> searched = {person};
  const auto result =
      evaluate_identification({gallery.rows, gallery.identity}, {probe, searched}, 2, {.rank_entries = rank_entries});
  for (size_t i = 0; i < result.cmc.size(); ++i) {
    if (result.cmc[i] == 1) return i + 1;
  }
  return 0;
}

TEST(Identification, RanksArePeopleOrEntries) {
  const Gallery gallery =
      gallery_of({{0.9F, 1}, {0.8F, 1}, {0.7F, distractor}, {0.6F, distractor}, {0.5F, 2}, {0.4F, 2}});
  EXPECT_EQ(rank_of(gallery, 1, false), 1U);
  EXPECT_EQ(rank_of(gallery, 2, false), 4U);  // after one person and two distractors
  EXPECT_EQ(rank_of(gallery, 2, true), 5U);
}

TEST(Identification, TiesKeepGalleryOrder) {
  const Gallery gallery = gallery_of({{0.5F, 1}, {0.5F, 2}, {0.5F, 3}});
  EXPECT_EQ(rank_of(gallery, 1, false), 1U);
  EXPECT_EQ(rank_of(gallery, 3, false), 3U);
  EXPECT_EQ(rank_of(gallery, 3, true), 3U);
}

TEST(Identification, FailuresCountAsMissesAndAsNoFalsePositives) {
  Gallery gallery = gallery_of({{0.9F, 1}, {0.8F, 2}});
  gallery.rows[0] = gallery.rows[1] = 0;  // person 1 could not be enrolled
  const std::vector<float> probes = {1, 0, 1, 0, 0, 0, 1, 0, 0, 0};
  const std::vector<int32_t> person = {1, 2, 2, 7, 8};  // missed, found, failed; false positive at 0.8, failed
  const auto result = evaluate_identification({gallery.rows, gallery.identity}, {probes, person}, 2);
  EXPECT_EQ(result.mated, 3U);
  EXPECT_EQ(result.nonmated, 2U);
  EXPECT_EQ(result.failed_gallery, 1U);
  EXPECT_EQ(result.failed_probes, 2U);
  EXPECT_DOUBLE_EQ(result.cmc.back(), 1 / 3.0);
  EXPECT_DOUBLE_EQ(point_at(result, 0.8).fnir, 2 / 3.0);
  EXPECT_DOUBLE_EQ(point_at(result, 0.8).fpir, 0.5);
  EXPECT_EQ(result.at_fpir.front().threshold, INFINITY);
  EXPECT_EQ(result.at_fpir.front().dir(), 0);
  EXPECT_EQ(result.notes.size(), 2U);
}

TEST(Identification, ClosedOrOpenSetAlone) {
  const Gallery gallery = gallery_of({{0.9F, 1}, {0.8F, distractor}});
  const std::vector<int32_t> known = {1}, unknown = {2}, nobody = {distractor};
  const auto closed = evaluate_identification({gallery.rows, gallery.identity}, {probe, known}, 2);
  EXPECT_EQ(closed.cmc, (std::vector<double>{1, 1}));
  EXPECT_TRUE(closed.at_fpir.empty() && closed.curve.empty());
  EXPECT_THAT(closed.notes, testing::ElementsAre(testing::HasSubstr("FPIR")));
  for (const auto& person : {unknown, nobody}) {
    const auto open = evaluate_identification({gallery.rows, gallery.identity}, {probe, person}, 2);
    EXPECT_EQ(open.nonmated, 1U);
    EXPECT_TRUE(open.cmc.empty() && open.curve.empty());
    EXPECT_THAT(open.notes, testing::ElementsAre(testing::HasSubstr("CMC")));
  }
}

TEST(Identification, LongCurvesAreThinned) {
  const Gallery gallery = gallery_of({{1, 1}});
  std::vector<float> probes;
  std::vector<int32_t> person;
  for (int i = 0; i < 6000; ++i) {
    add(probes, static_cast<float>(i) / 6000);
    person.push_back(i % 2 + 1);
  }
  const auto result = evaluate_identification({gallery.rows, gallery.identity}, {probes, person}, 2);
  EXPECT_LE(result.curve.size(), 2000U);
  EXPECT_GT(result.curve.size(), 1500U);
  EXPECT_EQ(result.curve.back().fpir, 1);
  EXPECT_EQ(result.curve.back().fnir, 0);
  EXPECT_EQ(result.curve[1].fnir, 2999 / 3000.0);  // the lowest FPIR are all there
  for (size_t i = 1; i < result.curve.size(); ++i) {
    EXPECT_LT(result.curve[i].threshold, result.curve[i - 1].threshold);
    EXPECT_GE(result.curve[i].fpir, result.curve[i - 1].fpir);
    EXPECT_LE(result.curve[i].fnir, result.curve[i - 1].fnir);
  }
}

TEST(Identification, ChecksItsInput) {
  const Gallery gallery = gallery_of({{1, 1}});
  const std::vector<int32_t> person = {1}, people = {1, 2};
  const auto run = [&](std::span<const int32_t> enrolled, std::span<const int32_t> searched) {
    return evaluate_identification({gallery.rows, enrolled}, {probe, searched}, 2);
  };
  EXPECT_NO_THROW(run(person, person));
  EXPECT_THROW(run(people, person), Error);
  EXPECT_THROW(run(person, people), Error);
  EXPECT_THROW(evaluate_identification({}, {probe, person}, 2), Error);
  const std::vector<float> broken = {NAN, 0};
  EXPECT_THROW(evaluate_identification({gallery.rows, person}, {broken, person}, 2), Error);
  EXPECT_THROW(evaluate_identification({gallery.rows, person}, {}, 2), Error);
}

}  // namespace
}  // namespace facerec::test
