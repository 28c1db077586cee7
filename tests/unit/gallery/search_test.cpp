#include "facerec/gallery/search.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "facerec/core/error.h"
#include "gallery/search_parts.h"
#include "support/reference.h"
#include "unit/gallery/templates.h"

namespace facerec {
namespace {

using test::TemporaryFolder;

// As it is defined in search.h, word for word.
float defined_cosine(std::span<const float> a, std::span<const float> b) {
  double sums[16] = {};
  for (size_t i = 0; i < a.size(); ++i) sums[i % 16] += double{a[i]} * double{b[i]};
  return static_cast<float>(std::accumulate(std::begin(sums), std::end(sums), 0.0));
}

std::vector<Match> brute_force(std::span<const float> rows, std::span<const float> query, int64_t k) {
  std::vector<Match> all;
  for (size_t first = 0; first < rows.size(); first += query.size()) {
    all.push_back({static_cast<int64_t>(10 * (first / query.size() + 1)),
                   defined_cosine(rows.subspan(first, query.size()), query)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Match& a, const Match& b) { return a.cosine > b.cosine; });
  all.resize(std::min(all.size(), static_cast<size_t>(k)));
  return all;
}

void expect_exact(const TemplateMatrix& matrix, std::span<const float> queries, int64_t k) {
  const auto d = static_cast<size_t>(matrix.dimension());
  const auto n = static_cast<int64_t>(queries.size() / d);
  for (const Kernels& kernels : kernels()) {
    for (const int threads : {1, 3}) {
      const auto found = search_with(kernels, matrix, queries, n, k, threads);
      ASSERT_EQ(found.size(), static_cast<size_t>(n));
      for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(found[i], brute_force(matrix.rows(), queries.subspan(i * d, d), k))
            << kernels.name << ", " << threads << " threads, query " << i << ", dimension " << d << ", k " << k;
      }
    }
  }
}

// What moves each row by about `distance`, so that many rows come out nearly or exactly equal.
std::vector<float> crowd(int64_t n, int64_t dimension, double distance) {
  std::vector<float> rows;
  const std::vector<float> centre = test::random_units(1, dimension, 8);
  Random random("crowd", {9});
  for (int64_t i = 0; i < n; ++i) {
    std::vector<float> row = centre;
    for (float& value : row) value += static_cast<float>(random.normal(0, distance));
    test::to_unit_length(row);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

TEST(Search, FindsTheBestOfRandomTemplates) {
  const TemporaryFolder folder;
  for (const int64_t dimension : {1, 2, 63, 64, 128, 512, 513}) {
    for (const int64_t size : {1, 64, 700}) {
      test::write_matrix(folder / "m", test::random_units(size, dimension, 1), dimension);
      const TemplateMatrix matrix(folder / "m");
      expect_exact(matrix, test::random_units(1, dimension, 2), 1);
      expect_exact(matrix, test::random_units(17, dimension, 3), 10);
      expect_exact(matrix, test::random_units(2, dimension, 4), size);
    }
  }
}

TEST(Search, FindsTheBestOfThousandsForManyQueries) {
  const TemporaryFolder folder;
  test::write_matrix(folder / "m", test::random_units(4000, 128, 1), 128);
  expect_exact(TemplateMatrix(folder / "m"), test::random_units(64, 128, 2), 5);
}

// Distances below what codes of 8 bits, or fp32 sums, can tell apart.
TEST(Search, FindsTheBestOfACrowd) {
  const TemporaryFolder folder;
  for (const double distance : {0.0, 1e-9, 1e-7, 1e-5, 1e-3}) {
    const std::vector<float> rows = crowd(1500, 128, distance);
    test::write_matrix(folder / "m", rows, 128);
    const TemplateMatrix matrix(folder / "m");
    expect_exact(matrix, std::span(rows).first(128 * 2), 7);
    expect_exact(matrix, test::random_units(2, 128, 5), 1500);
  }
}

// A few large components, as embeddings of some networks have them, leave the others few codes.
TEST(Search, FindsTheBestWhereAFewComponentsAreLarge) {
  const TemporaryFolder folder;
  std::vector<float> rows = test::random_units(3000, 512, 1);
  for (size_t i = 0; i < rows.size(); i += 512) {
    rows[i] = 20;
    rows[i + 300] = -7;
    test::to_unit_length(std::span(rows).subspan(i, 512));
  }
  test::write_matrix(folder / "m", rows, 512);
  expect_exact(TemplateMatrix(folder / "m"), std::span(rows).subspan(512 * 100, 512 * 5), 10);
}

TEST(Search, GivesAllOfFewerThanK) {
  const TemporaryFolder folder;
  test::write_matrix(folder / "m", test::random_units(3, 128, 1), 128);
  const TemplateMatrix matrix(folder / "m");
  const std::vector<float> query = test::random_units(1, 128, 2);
  EXPECT_EQ(search(matrix, query, 1, 100)[0].size(), 3U);
  EXPECT_TRUE(search(matrix, query, 1, 0)[0].empty());
  EXPECT_TRUE(search(matrix, {}, 0, 5).empty());
}

TEST(Search, FindsNobodyAmongNobody) {
  const TemporaryFolder folder;
  test::write_matrix(folder / "m", {}, 128);
  EXPECT_TRUE(search(TemplateMatrix(folder / "m"), test::random_units(1, 128, 2), 1, 5)[0].empty());
}

TEST(Search, RefusesWhatIsNoQuery) {
  const TemporaryFolder folder;
  test::write_matrix(folder / "m", test::random_units(3, 128, 1), 128);
  const TemplateMatrix matrix(folder / "m");
  std::vector<float> query = test::random_units(1, 128, 2);
  EXPECT_THROW(search(matrix, std::span(query).first(127), 1, 5), Error);
  query[5] = std::nanf("");
  EXPECT_THROW(search(matrix, query, 1, 5), Error);
  query[5] = 30;
  EXPECT_THROW(search(matrix, query, 1, 5), Error);
}

int64_t resident_bytes() {
  int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

TEST(Search, LeavesLittleOfAMatrixLargerThanTheMemoryThere) {
  const TemporaryFolder folder;
  test::write_matrix(folder / "m", test::random_units(16'000, 512, 1), 512);
  const std::vector<float> queries = test::random_units(3, 512, 2);
  const TemplateMatrix kept(folder / "m"), passed(folder / "m", 1 << 20);
  const int64_t before = resident_bytes();
  const auto found = search(passed, queries, 3, 5);
  const int64_t between = resident_bytes();
  EXPECT_EQ(search(kept, queries, 3, 5), found);
  const int64_t codes = kept.codes().groups * kept.codes().group_bytes();
  EXPECT_LT(between - before, codes / 4);
  EXPECT_GT(resident_bytes() - between, codes * 3 / 4);
}

}  // namespace
}  // namespace facerec
