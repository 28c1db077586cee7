#include "facerec/eval/calibrate.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "facerec/core/error.h"
#include "facerec/core/random.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

void add(LabelledEmbeddings& faces, const std::vector<double>& row, uint32_t identity) {
  const double norm = std::sqrt(std::transform_reduce(row.begin(), row.end(), row.begin(), 0.0));
  for (const double value : row) faces.rows.push_back(static_cast<float>(value / norm));
  faces.quality.push_back(static_cast<float>(norm));
  faces.identity.push_back(identity);
}

// People at random places of a sphere, their images near them.
LabelledEmbeddings make_people(uint32_t people, int images, double spread = 0.5, uint64_t seed = 1) {
  LabelledEmbeddings faces{.dimension = 19};  // no multiple of a vector register
  Random random("people", {seed});
  for (uint32_t person = 0; person < people; ++person) {
    std::vector<double> centre(faces.dimension);
    for (double& value : centre) value = random.normal(0, 1);
    for (int image = 0; image < images; ++image) {
      std::vector<double> row = centre;
      for (double& value : row) value += random.normal(0, spread);
      add(faces, row, person);
    }
  }
  return faces;
}

double cosine(const LabelledEmbeddings& faces, size_t a, size_t b) {
  const auto row = faces.rows.begin();
  const auto d = static_cast<std::ptrdiff_t>(faces.dimension);
  return std::inner_product(row + static_cast<std::ptrdiff_t>(a) * d, row + static_cast<std::ptrdiff_t>(a + 1) * d,
                            row + static_cast<std::ptrdiff_t>(b) * d, 0.0);
}

struct Scores {
  std::vector<double> genuine, impostor;
};

Scores all_scores(const LabelledEmbeddings& faces) {
  Scores scores;
  for (size_t a = 0; a < faces.size(); ++a) {
    for (size_t b = a + 1; b < faces.size(); ++b) {
      (faces.identity[a] == faces.identity[b] ? scores.genuine : scores.impostor).push_back(cosine(faces, a, b));
    }
  }
  return scores;
}

double share_at(const std::vector<double>& scores, double threshold) {
  const auto reached = std::ranges::count_if(scores, [&](double score) { return score >= threshold; });
  return static_cast<double>(reached) / static_cast<double>(scores.size());
}

TEST(Calibrate, RatesOnTheSameDataAreThoseWanted) {
  const LabelledEmbeddings faces = make_people(80, 3);
  const Scores scores = all_scores(faces);
  const Calibration calibration = calibrate(faces, {.fmr = {1e-2, 2e-3}});
  EXPECT_EQ(calibration.images, 240U);
  EXPECT_EQ(calibration.identities, 80U);
  EXPECT_EQ(calibration.genuine, scores.genuine.size());
  EXPECT_EQ(calibration.impostor, scores.impostor.size());
  EXPECT_EQ(calibration.default_fmr, 1e-2);
  for (const CalibratedRate& wanted : calibration.wanted) {
    EXPECT_TRUE(wanted.threshold.supported);
    EXPECT_LE(share_at(scores.impostor, wanted.threshold.cosine), wanted.rate);
    EXPECT_GT(share_at(scores.impostor, wanted.threshold.cosine - 1e-3), wanted.rate * 0.9);
    EXPECT_NEAR(*wanted.missed, 1 - share_at(scores.genuine, wanted.threshold.cosine), 1e-12);
    EXPECT_LE(wanted.missed_low, *wanted.missed);
    EXPECT_GE(wanted.missed_high, *wanted.missed);
  }
}

TEST(Calibrate, TheOrderOfImagesAndThreadsDoNotMatter) {
  const LabelledEmbeddings faces = make_people(60, 2);
  LabelledEmbeddings shuffled{.dimension = faces.dimension};
  for (const uint32_t i : permutation(faces.size(), Random("order", {1}))) {
    const auto row = std::span(faces.rows).subspan(i * faces.dimension, faces.dimension);
    shuffled.rows.insert(shuffled.rows.end(), row.begin(), row.end());
    shuffled.quality.push_back(faces.quality[i]);
    shuffled.identity.push_back(faces.identity[i]);
  }
  const CalibrateOptions options{.fmr = {1e-2}, .fpir = {0.05}, .threads = 1};
  const Calibration one = calibrate(faces, options), other = calibrate(shuffled, options);
  for (size_t i = 0; i < one.wanted.size(); ++i) {
    // The product of two rows may round otherwise the other way around, into the next of 2^20 parts of -1 … 1.
    EXPECT_NEAR(one.wanted[i].threshold.cosine, other.wanted[i].threshold.cosine, 4e-6);
    EXPECT_NEAR(one.wanted[i].threshold.low, other.wanted[i].threshold.low, 4e-6);
    EXPECT_EQ(one.wanted[i].missed, other.wanted[i].missed);
  }
  EXPECT_EQ(to_json(one), to_json(calibrate(faces, options)));
  EXPECT_EQ(to_json(one), to_json(calibrate(faces, {.fmr = {1e-2}, .fpir = {0.05}, .threads = 3})));
}

TEST(Calibrate, AGalleryOfOneImageIsAComparison) {
  const LabelledEmbeddings faces = make_people(120, 1);
  const Calibration calibration = calibrate(faces, {});
  for (const double rate : {0.1, 0.02, 0.01}) {
    EXPECT_NEAR(calibration.at_fpir(rate, 1).cosine, calibration.at_fmr(rate).cosine, 1e-3);
  }
}

// By their definition, with galleries of the test's own drawing.
TEST(Calibrate, SearchesWithStrangersReturnSomebodyAsOftenAsWanted) {
  const LabelledEmbeddings faces = make_people(400, 1);
  const Calibration calibration = calibrate(faces, {});
  for (const int64_t size : {10, 50, 200}) {
    const double threshold = calibration.at_fpir(0.2, size).cosine;
    double returned = 0, searches = 0;
    for (uint64_t draw = 0; draw < 5; ++draw) {
      const std::vector<uint32_t> order = permutation(faces.size(), Random("gallery", {draw}));
      const std::span<const uint32_t> gallery(order.data(), static_cast<size_t>(size));
      for (const uint32_t probe : std::span(order).subspan(static_cast<size_t>(size))) {
        ++searches;
        returned +=
            std::ranges::any_of(gallery, [&](uint32_t member) { return cosine(faces, probe, member) >= threshold; });
      }
    }
    EXPECT_NEAR(returned / searches, 0.2, 0.04) << size;
  }
}

TEST(Calibrate, LargerGalleriesAndSmallerRatesNeedHigherThresholds) {
  const Calibration calibration = calibrate(make_people(100, 2), {});
  double before = -1;
  for (const double rate : {0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-6}) {
    EXPECT_GE(calibration.at_fmr(rate).cosine, before);
    before = calibration.at_fmr(rate).cosine;
  }
  for (const double rate : {0.3, 0.01}) {
    before = -1;
    for (const int64_t size : {1, 2, 5, 10, 20, 50, 51, 100, 1000, 100000}) {
      EXPECT_GE(calibration.at_fpir(rate, size).cosine, before) << rate << " " << size;
      before = calibration.at_fpir(rate, size).cosine;
    }
  }
}

TEST(Calibrate, GalleriesLargerThanTheDataAreMarked) {
  const Calibration calibration = calibrate(make_people(200, 3), {.fpir = {0.1}, .gallery_size = 5000});
  ASSERT_EQ(calibration.wanted.size(), 2U);
  EXPECT_EQ(calibration.wanted[1].gallery_size, 5000);
  EXPECT_FALSE(calibration.wanted[1].threshold.supported);
  EXPECT_TRUE(calibration.wanted[1].threshold.derived);
  EXPECT_TRUE(calibration.at_fpir(0.1, 100).supported);
  EXPECT_FALSE(calibration.at_fpir(0.1, 100).derived);
  EXPECT_THAT(to_text(calibration), HasSubstr("derived"));
}

TEST(Calibrate, FnirIsOfSearchesAmongTheOtherImagesOfAPerson) {
  // Two images: each is searched among the other, so that FNIR is FNMR at that threshold.
  const LabelledEmbeddings faces = make_people(60, 2, 1.0);
  const Calibration calibration = calibrate(faces, {.fpir = {0.2}, .gallery_size = 10});
  const CalibratedRate& wanted = calibration.wanted.back();
  EXPECT_GT(*wanted.missed, 0);
  EXPECT_NEAR(*wanted.missed, 1 - share_at(all_scores(faces).genuine, wanted.threshold.cosine), 1e-12);
}

TEST(Calibrate, ListedPairsAreAllThatIsCompared) {
  const LabelledEmbeddings faces = make_people(100, 2);
  std::vector<Pair> pairs;
  for (uint32_t a = 0; a < 200; a += 2) {
    pairs.push_back({a, a + 1, true});
    for (uint32_t b = a + 2; b < 200; b += 2) pairs.push_back({a, b, false});
  }
  const Calibration listed = calibrate_pairs(faces, pairs, {.fmr = {0.01}});
  EXPECT_EQ(listed.genuine, 100U);
  EXPECT_EQ(listed.impostor, 4950U);
  EXPECT_TRUE(listed.fpir.empty());
  EXPECT_TRUE(listed.at_fpir(0.01, 100).derived);
  const Calibration all = calibrate(faces, {.fmr = {0.01}});
  EXPECT_LT(std::abs(listed.at_fmr(0.01).cosine - all.at_fmr(0.01).cosine), 0.05);
  EXPECT_THROW(calibrate_pairs(faces, pairs, {.fpir = {0.01}}), Error);  // of how many people?
}

TEST(Calibrate, SaysWhatCannotBeMeasured) {
  const auto message = [](const LabelledEmbeddings& faces, const CalibrateOptions& options) -> std::string {
    try {
      calibrate(faces, options);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  };
  EXPECT_THAT(message(make_people(20, 1), {}), HasSubstr("fewer than 600 comparisons"));
  EXPECT_THAT(message(make_people(1, 50), {}), HasSubstr("fewer than 600 comparisons"));
  EXPECT_THAT(message({.dimension = 4}, {}), HasSubstr("fewer than 600 comparisons"));
  EXPECT_THAT(message(make_people(50, 1), {.fmr = {0.7}}), HasSubstr("above 0 and up to 0.5"));
  EXPECT_THAT(message(make_people(50, 1), {.fmr = {NAN}}), HasSubstr("above 0 and up to 0.5"));
  LabelledEmbeddings dead{.dimension = 4};
  for (uint32_t person = 0; person < 50; ++person) add(dead, {1, 0, 0, 0}, person);
  EXPECT_THAT(message(dead, {}), HasSubstr("tells nobody apart"));
  EXPECT_EQ(calibrate(make_people(50, 1), {}).wanted[0].missed, std::nullopt);  // nobody has two images
}

}  // namespace
}  // namespace facerec::test
