#include "facerec/gallery/index.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "support/reference.h"
#include "unit/gallery/templates.h"

namespace facerec {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

class Index : public testing::Test {
 protected:
  Index() { test::write_matrix(matrix_file, test::random_units(size, dimension, 1), dimension); }
  static constexpr int64_t size = 5000, dimension = 64;
  TemporaryFolder folder;
  fs::path matrix_file = folder / "m", file = folder / "i";
};

TEST_F(Index, FindsWhatTheExactSearchFindsWhenAllListsAreLookedThrough) {
  const TemplateMatrix matrix(matrix_file);
  const std::vector<float> queries = test::random_units(20, dimension, 2);
  for (const int64_t lists : {0, 1, 7}) {
    write_index(file, matrix, {.lists = lists});
    const TemplateIndex index(file, matrix);
    EXPECT_EQ(index.search(queries, 20, 10, index.lists()), search(matrix, queries, 20, 10)) << lists;
  }
}

TEST_F(Index, FindsMoreWithMoreProbes) {
  const TemplateMatrix matrix(matrix_file);
  write_index(file, matrix);
  const TemplateIndex index(file, matrix);
  EXPECT_EQ(index.lists(), size / 39);
  double before = 0;
  for (const int64_t probes : {int64_t{1}, int64_t{8}, int64_t{32}, index.lists()}) {
    const IndexRecall recall = measure_recall(index, matrix, 200, 10, probes);
    EXPECT_EQ(recall.queries, 200);
    EXPECT_EQ(recall.probes, probes);
    EXPECT_GE(recall.at_k, before);
    before = recall.at_k;
  }
  EXPECT_EQ(before, 1);
  const IndexRecall some = measure_recall(index, matrix, 200, 10, 1);
  EXPECT_GT(some.at_1, 0.1);
  EXPECT_LT(some.at_k, 0.9);
}

TEST_F(Index, IsTheSameWhateverTheThreads) {
  const TemplateMatrix matrix(matrix_file);
  write_index(file, matrix, {.lists = 50, .threads = 1});
  const std::string one = read_text(file);
  write_index(file, matrix, {.lists = 50, .threads = 3});
  EXPECT_EQ(read_text(file), one);
}

TEST_F(Index, TakesTemplatesThatAreAlikeOrOpposite) {
  for (const int64_t alike : {1, 2}) {
    std::vector<float> rows;
    for (int i = 0; i < 200; ++i) rows.push_back(i % alike == 0 ? 1.F : -1.F);
    test::write_matrix(folder / "alike", rows, 1);
    const TemplateMatrix matrix(folder / "alike");
    write_index(file, matrix);
    const TemplateIndex index(file, matrix);
    const float query[] = {1};
    EXPECT_EQ(index.search(query, 1, 3, index.lists()), search(matrix, query, 1, 3));
    EXPECT_EQ(measure_recall(index, matrix, 5, 3, index.lists()).at_k, 1);
  }
}

TEST_F(Index, IsNotOneOfOtherTemplates) {
  const TemplateMatrix matrix(matrix_file);
  write_index(file, matrix, {.lists = 10});
  test::write_matrix(folder / "changed", test::random_units(size, dimension, 1), dimension, "next generation");
  const TemplateMatrix changed(folder / "changed");
  try {
    const TemplateIndex index(file, changed);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("other templates"));
    EXPECT_EQ(error.file(), file.string());
  }
}

TEST_F(Index, IsNotMadeOfNobody) {
  test::write_matrix(folder / "empty", {}, dimension);
  EXPECT_THROW(write_index(file, TemplateMatrix(folder / "empty")), Error);
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(Index, IsRefusedOrHarmlessWhenDamaged) {
  const TemplateMatrix matrix(matrix_file);
  write_index(file, matrix, {.lists = 10});
  const std::string bytes = read_text(file);
  for (const size_t length : {size_t{0}, size_t{20}, size_t{4100}, bytes.size() - 1}) {
    write_file(file, bytes.substr(0, length));
    EXPECT_THROW(TemplateIndex(file, matrix), Error) << length;
  }
  const std::vector<float> query = test::random_units(1, dimension, 3);
  Random random("damage", {2});
  // Behind the header and the centres, 10 × 64 of them, come the ends of the lists, which are checked.
  const size_t ends = 6656, lists = 6784;
  for (int i = 0; i < 60; ++i) {
    std::string damaged = bytes;
    const size_t first = i < 20 ? ends : lists;
    for (int j = 0; j < (i < 20 ? 1 : 3000); ++j) {
      damaged[first + random.below(i < 20 ? 80 : damaged.size() - first)] = static_cast<char>(random());
    }
    write_file(file, damaged);
    try {
      EXPECT_LE(TemplateIndex(file, matrix).search(query, 1, 5, 10)[0].size(), 5U);
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), testing::AnyOf(HasSubstr("damaged"), HasSubstr("twice")));
    }
  }
}

}  // namespace
}  // namespace facerec
