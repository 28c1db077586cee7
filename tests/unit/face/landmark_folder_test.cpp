#include "face/landmark_folder.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string five_points = "40 50\n80 50\n60 70\n45 90\n75 90\n";

void expect_five_points(const Face& face) {
  const float expected[] = {40, 50, 80, 50, 60, 70, 45, 90, 75, 90};
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(face.landmarks[i].x, expected[2 * i]);
    EXPECT_EQ(face.landmarks[i].y, expected[2 * i + 1]);
  }
}

void expect_corners(const Box& box, float x1, float y1, float x2, float y2) {
  EXPECT_EQ(box.x1, x1);
  EXPECT_EQ(box.y1, y1);
  EXPECT_EQ(box.x2, x2);
  EXPECT_EQ(box.y2, y2);
}

TEST(LandmarkFolder, IsReadBesideEachImageOrBelow) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "S001");
  write_file(folder / "S001/C1.txt", five_points);
  for (const std::string& form : {std::string("beside"), folder.path().string()}) {
    const auto file = open_landmarks(form);
    EXPECT_EQ(file->size(), -1);
    const std::vector<Face> found = file->faces("S001/C1.jpg", folder / "S001/C1.jpg");
    ASSERT_EQ(found.size(), 1U);
    expect_five_points(found[0]);
    EXPECT_THAT(file->faces("S001/C2.jpg", folder / "S001/C2.jpg"), IsEmpty());
    EXPECT_EQ(file->note(), "");
  }
  write_file(folder / "S001/C3.txt", std::string_view("1 2\n3 4\n5 6\n"));
  try {
    open_landmarks("beside")->faces("", folder / "S001/C3.jpg");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), (folder / "S001/C3.txt").string());
    EXPECT_EQ(error.message(), "3 points");
  }
}

TEST(LandmarkFolder, TakesBoxesOfEitherForm) {
  expect_corners(parse_points("20 30 110 120\n" + five_points).box, 20, 30, 110, 120);
  expect_corners(parse_points(five_points + "38 48 45 55\n").box, 38, 48, 83, 103);
  expect_five_points(parse_points("version: 1\nn_points: 5\n{\n" + five_points + "}\n"));
}

TEST(LandmarkFolder, ExchangesSidesAndTells) {
  const test::TemporaryFolder folder;
  write_file(folder / "a.txt", std::string_view("80 50\n40 50\n60 70\n75 90\n45 90\n"));
  const auto file = open_landmarks("beside");
  expect_five_points(file->faces("a.jpg", folder / "a.jpg").at(0));
  EXPECT_THAT(file->note(), HasSubstr("in 1 of the files"));
}

}  // namespace
}  // namespace facerec
