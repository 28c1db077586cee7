#include "facerec/recognize/annotate.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>

namespace facerec {
namespace {

using Pixel = std::array<uint8_t, 3>;
constexpr Pixel paper{200, 200, 200};

Image blank(int width, int height) {
  Image image(width, height);
  std::fill(image.rgb.begin(), image.rgb.end(), paper[0]);
  return image;
}

Pixel at(const Image& image, int x, int y) {
  const uint8_t* pixel = image.row(y) + 3 * x;
  return {pixel[0], pixel[1], pixel[2]};
}

bool is_untouched(const Image& image, int x1, int y1, int x2, int y2) {
  for (int y = y1; y < y2; ++y) {
    for (int x = x1; x < x2; ++x) {
      if (at(image, x, y) != paper) return false;
    }
  }
  return true;
}

TEST(Annotate, FramesTheFaceAndLeavesItAsItIs) {
  Image image = blank(400, 300);
  annotate(image, std::vector<FaceTag>{{{100, 120, 180, 220}, "", true}});
  EXPECT_TRUE(is_untouched(image, 100, 120, 180, 220));
  EXPECT_NE(at(image, 99, 150), paper);
  EXPECT_NE(at(image, 180, 150), paper);
  EXPECT_NE(at(image, 140, 119), paper);
  EXPECT_NE(at(image, 140, 220), paper);
  EXPECT_TRUE(is_untouched(image, 0, 0, 400, 110));
}

TEST(Annotate, StrangersHaveAColourOfTheirOwn) {
  Image image = blank(400, 300);
  annotate(image, std::vector<FaceTag>{{{50, 120, 130, 220}, "Jo", true}, {{250, 120, 330, 220}, "unknown", false}});
  EXPECT_NE(at(image, 49, 150), at(image, 249, 150));
}

TEST(Annotate, LabelsHideNoFace) {
  Image image = blank(600, 400);
  const std::vector<FaceTag> tags{
      {{100, 40, 180, 140}, "Ann", true}, {{100, 160, 180, 260}, "Bo", true}, {{190, 150, 280, 250}, "Cy", false}};
  annotate(image, tags);
  for (const FaceTag& tag : tags) {
    EXPECT_TRUE(is_untouched(image, static_cast<int>(tag.box.x1), static_cast<int>(tag.box.y1),
                             static_cast<int>(tag.box.x2), static_cast<int>(tag.box.y2)))
        << tag.text;
  }
}

TEST(Annotate, TakesFacesBeyondTheBorderAndNamesWiderThanThePicture) {
  Image image = blank(60, 40);
  const std::string name(300, 'w');
  annotate(image, std::vector<FaceTag>{{{-20, -10, 30, 30}, name, true}, {{50, 30, 90, 80}, name, false}});
  EXPECT_FALSE(is_untouched(image, 0, 0, 60, 40));
  Image tiny = blank(1, 1);
  annotate(tiny, std::vector<FaceTag>{{{0, 0, 1, 1}, "a", true}});
}

TEST(Annotate, TellsWhichScriptsCannotBeWritten) {
  Image image = blank(400, 300);
  const std::vector<FaceTag> tags{{{50, 120, 130, 220}, "Jo", true}, {{250, 120, 330, 220}, "\U0010FFF0", true}};
  EXPECT_THAT(annotate(image, tags), testing::SizeIs(1));
}

}  // namespace
}  // namespace facerec
