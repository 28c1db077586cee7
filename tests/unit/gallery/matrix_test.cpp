#include "facerec/gallery/matrix.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/gallery/search.h"
#include "support/reference.h"
#include "unit/gallery/templates.h"

namespace facerec {
namespace {

using test::TemporaryFolder;
using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr int64_t dimension = 100;

std::string fault_of(const fs::path& file) {
  try {
    const TemplateMatrix matrix(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), file.string());
    EXPECT_FALSE(error.hint().empty());
    return error.message();
  }
  return "none";
}

TEST(TemplateMatrix, HoldsWhatWasWritten) {
  const TemporaryFolder folder;
  for (const int64_t size : {0, 1, 63, 64, 65, 200}) {
    const std::vector<float> rows = test::random_units(size, dimension, 1);
    test::write_matrix(folder / "m", rows, dimension, "gallery 7, generation 12");
    const TemplateMatrix matrix(folder / "m");
    EXPECT_EQ(matrix.key(), "gallery 7, generation 12");
    EXPECT_EQ(matrix.dimension(), dimension);
    ASSERT_EQ(matrix.size(), size);
    EXPECT_THAT(matrix.rows(), ElementsAreArray(rows));
    for (int64_t i = 0; i < size; ++i) EXPECT_EQ(matrix.ids()[static_cast<size_t>(i)], 10 * (i + 1));
  }
}

TEST(TemplateMatrix, IsWholeOrAbsent) {
  const TemporaryFolder folder;
  const std::vector<float> rows = test::random_units(2, dimension, 1);
  const auto row = std::span(rows).first(dimension);
  {
    TemplateMatrixWriter writer(folder / "m", 2, dimension, "");
    writer.add(1, row);
    EXPECT_THROW(writer.commit(), Error);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(TemplateMatrixWriter, RefusesWhatIsNoTemplate) {
  const TemporaryFolder folder;
  const std::vector<float> rows = test::random_units(1, dimension, 1);
  TemplateMatrixWriter writer(folder / "m", 2, dimension, "");
  writer.add(5, rows);
  EXPECT_THROW(writer.add(5, rows), Error);
  EXPECT_THROW(writer.add(6, std::span(rows).first(99)), Error);
  std::vector<float> raw = rows;
  for (float& value : raw) value *= 20;
  EXPECT_THROW(writer.add(6, raw), Error);
  raw[7] = std::nanf("");
  EXPECT_THROW(writer.add(6, raw), Error);
  writer.add(6, rows);
  EXPECT_THROW(writer.add(7, rows), Error);
  writer.commit();
  EXPECT_EQ(TemplateMatrix(folder / "m").size(), 2);
  EXPECT_THROW(TemplateMatrixWriter(folder / "m", 1, 0, ""), Error);
  EXPECT_THROW(TemplateMatrixWriter(folder / "m", 1, 70'000, ""), Error);
  EXPECT_THROW(TemplateMatrixWriter(folder / "m", 1, 1, std::string(5000, 'k')), Error);
}

class DamagedMatrix : public testing::Test {
 protected:
  DamagedMatrix() {
    test::write_matrix(file, test::random_units(100, dimension, 1), dimension);
    bytes = read_text(file);
  }
  std::string fault_with(size_t place, char byte) {
    std::string damaged = bytes;
    damaged.at(place) = byte;
    write_file(file, damaged);
    return fault_of(file);
  }
  TemporaryFolder folder;
  fs::path file = folder / "m";
  std::string bytes;
};

TEST_F(DamagedMatrix, IsToldByItsLength) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{31}, size_t{4031}, size_t{5000}, bytes.size() - 1}) {
    write_file(file, bytes.substr(0, size));
    EXPECT_THAT(fault_of(file), testing::AnyOf(HasSubstr("cut off"), HasSubstr("bytes, not")));
  }
  write_file(file, bytes + "x");
  EXPECT_THAT(fault_of(file), HasSubstr("bytes, not"));
}

TEST_F(DamagedMatrix, IsToldByItsHeader) {
  EXPECT_THAT(fault_with(0, 'x'), HasSubstr("is no template matrix"));
  EXPECT_THAT(fault_with(8, 2), HasSubstr("of version 2, not 1"));
  for (const size_t place : {12, 14, 16, 23, 24, 26, 28, 32}) {
    EXPECT_THAT(fault_with(place, 'x'), HasSubstr("checksum"));
  }
}

TEST_F(DamagedMatrix, IsSearchedWithoutACrashWhereverItsContentIsDamaged) {
  const std::vector<float> queries = test::random_units(3, dimension, 2);
  Random random("damage", {1});
  for (int i = 0; i < 50; ++i) {
    std::string damaged = bytes;
    for (int j = 0; j < 2000; ++j) damaged[4096 + random.below(bytes.size() - 4096)] = static_cast<char>(random());
    write_file(file, damaged);
    try {
      for (const auto& matches : search(TemplateMatrix(file), queries, 3, 5)) {
        EXPECT_LE(matches.size(), 5U);
        for (const Match& match : matches) EXPECT_LT(std::abs(match.cosine), 1.03);
      }
    } catch (const DamagedTemplates&) {
    }
  }
}

}  // namespace
}  // namespace facerec
