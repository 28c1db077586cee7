#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

constexpr size_t dimension = 20;

struct Faces {
  std::vector<float> rows = {};
  std::vector<uint32_t> identity = {};
};

Faces random_faces(uint32_t images, uint32_t people) {
  Random random("faces", {images});
  Faces faces;
  for (uint32_t i = 0; i < images; ++i) {
    faces.identity.push_back(i % people);
    std::vector<double> row(dimension);
    double squares = 0;
    for (size_t k = 0; k < dimension; ++k) {
      row[k] = random.normal(k == i % people % dimension ? 3 : 0, 1);
      squares += row[k] * row[k];
    }
    for (const double value : row) faces.rows.push_back(static_cast<float>(value / std::sqrt(squares)));
  }
  return faces;
}

// The same as a list of pairs.
Roc listed(const Faces& faces) {
  std::vector<Pair> pairs;
  for (uint32_t a = 0; a < faces.identity.size(); ++a) {
    for (uint32_t b = 0; b < a; ++b) pairs.push_back({a, b, faces.identity[a] == faces.identity[b]});
  }
  const PairScores scores = score_pairs({dimension, faces.rows}, pairs, EmbeddingRule::no_flip);
  return roc_curve(scores.cosine, scores.same).value();
}

TEST(AllPairs, EqualTheListOfThem) {
  const Faces faces = random_faces(1300, 60);  // more than a tile
  int64_t told = 0;
  const ComparisonFigures figures =
      evaluate_all_pairs(faces.rows, dimension, faces.identity, 3, [&](int64_t done, int64_t total) {
        EXPECT_LT(told, done);
        EXPECT_EQ(total, 1300);
        told = done;
      });
  EXPECT_EQ(told, 1300);
  const Roc roc = listed(faces);
  EXPECT_EQ(figures.pairs, 1300U * 1299 / 2);
  EXPECT_EQ(figures.same, roc.same);
  EXPECT_EQ(figures.different, roc.different);
  EXPECT_NEAR(figures.auc.value(), area_under(roc), 1e-5);
  EXPECT_NEAR(figures.eer.value(), equal_error_rate(roc), 1e-4);
  for (const OperatingPoint& point : figures.fmr) {
    EXPECT_NEAR(point.fnmr, fnmr_at_fmr(roc, point.target).fnmr, 1e-3) << point.target;
  }
}

TEST(AllPairs, FailedImagesNeverMatch) {
  Faces faces = random_faces(40, 4);
  std::fill_n(faces.rows.begin(), 2 * dimension, 0.0F);
  const ComparisonFigures figures = evaluate_all_pairs(faces.rows, dimension, faces.identity);
  EXPECT_EQ(figures.pairs, 780U);
  EXPECT_EQ(figures.same, 4U * 45);
  EXPECT_GE(figures.fmr.front().fnmr, 18.0 / 180);  // nine comparisons of each
  EXPECT_GT(figures.distribution.same_moments.value().mean, 0);
  EXPECT_THAT(figures.notes, testing::Contains("2 of 40 images could not be processed: their 77 pairs count as "
                                               "non-matches (ISO/IEC 19795-1)"));
}

TEST(AllPairs, NameTheRowThatIsNotFinite) {
  Faces faces = random_faces(10, 2);
  faces.rows[3 * dimension + 1] = INFINITY;
  try {
    evaluate_all_pairs(faces.rows, dimension, faces.identity);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "the embedding of image number 3 holds NaN or an infinity");
  }
}

TEST(AllPairs, NeedTwoImagesOfAPerson) {
  const Faces faces = random_faces(10, 10);
  EXPECT_THROW(evaluate_all_pairs(faces.rows, dimension, faces.identity), Error);
  EXPECT_THROW(evaluate_all_pairs(faces.rows, dimension + 1, faces.identity), Error);
  EXPECT_THROW(evaluate_all_pairs({}, dimension, {}), Error);
  EXPECT_FALSE(evaluate_all_pairs(random_faces(3, 1).rows, dimension, std::vector<uint32_t>{5, 5, 5}).roc.has_value());
}

}  // namespace
}  // namespace facerec::test
