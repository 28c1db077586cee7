#include "facerec/face/aligner.h"

#include <gmock/gmock.h>

#include <cmath>

#include "facerec/core/error.h"

namespace facerec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const CropShape crop_shape{112, 112};

// A frontal face of a crop_shape box.
Face face_at(float x, float y, float size, float score = 0.9F) {
  const Points64 points = template_points(crop_shape);
  Face face{{x - size / 2, y - size / 2, x + size / 2, y + size / 2}, score};
  for (size_t i = 0; i < 5; ++i) {
    face.landmarks[i] = {face.box.x1 + static_cast<float>(points[i][0]) * size / 112,
                         face.box.y1 + static_cast<float>(points[i][1]) * size / 112};
  }
  return face;
}

Alignment choose(const std::vector<Face>& faces, const SelectionOptions& options = {}) {
  return choose_faces(faces, 640, 480, crop_shape, options);
}

// In the corner the larger one, in the middle the smaller.
const std::vector<Face> corner_and_middle{face_at(100, 80, 120, 0.99F), face_at(320, 240, 100, 0.8F)};

TEST(FaceChoice, LargestPrefersTheMiddle) {
  const Alignment alignment = choose(corner_and_middle);
  EXPECT_THAT(alignment.chosen, ElementsAre(1));
  EXPECT_EQ(alignment.reason, "largest of 2, by area less its distance from the centre");
  EXPECT_EQ(alignment.width, 640);
  EXPECT_EQ(alignment.height, 480);
  ASSERT_EQ(alignment.faces.size(), 2U);
  EXPECT_NEAR(alignment.faces[1].transform.value().scale, 1.12, 1e-6);
}

// 200·200 − 2·(100² + 0²) = 20,000 against 150·150 − 0 = 22,500, and 155·155 − 2·… the other way round.
TEST(FaceChoice, LargestWeighsTheSquaredDistanceTwice) {
  EXPECT_THAT(choose({face_at(420, 240, 200), face_at(320, 240, 150)}).chosen, ElementsAre(1));
  EXPECT_THAT(choose({face_at(420, 240, 200), face_at(320, 240, 140)}).chosen, ElementsAre(0));
}

TEST(FaceChoice, FollowsEachRule) {
  const std::vector<Face> faces{face_at(100, 80, 60, 0.99F), face_at(300, 240, 50, 0.8F), face_at(360, 240, 200, 0.7F)};
  EXPECT_THAT(choose(faces, {.faces = FaceChoice::center}).chosen, ElementsAre(1));
  EXPECT_EQ(choose(faces, {.faces = FaceChoice::center}).reason, "nearest to the centre of 3");
  EXPECT_THAT(choose(faces, {.faces = FaceChoice::best}).chosen, ElementsAre(0));
  EXPECT_THAT(choose(faces, {.faces = FaceChoice::largest}).chosen, ElementsAre(2));
  EXPECT_THAT(choose(faces, {.faces = FaceChoice::all}).chosen, ElementsAre(2, 1, 0));
  EXPECT_EQ(choose(faces, {.faces = FaceChoice::all}).reason, "all of 3");
}

TEST(FaceChoice, KeepsTheDetectorsOrderAmongEquals) {
  const std::vector<Face> faces{face_at(220, 240, 80, 0.5F), face_at(420, 240, 80, 0.5F), face_at(320, 340, 80, 0.5F)};
  for (const FaceChoice rule : {FaceChoice::largest, FaceChoice::center, FaceChoice::best}) {
    EXPECT_THAT(choose(faces, {.faces = rule}).chosen, ElementsAre(0));
  }
  EXPECT_THAT(choose(faces, {.faces = FaceChoice::all}).chosen, ElementsAre(0, 1, 2));
}

TEST(FaceChoice, ToleratesASingleFace) { EXPECT_EQ(choose({face_at(10, 10, 60)}).reason, "the only face"); }

TEST(FaceChoice, SaysWhatIsWrongWithEach) {
  Face turned = face_at(300, 200, 90), flat = face_at(320, 240, 90), lost = face_at(320, 240, 90),
       boundless = face_at(320, 240, 90);
  turned.landmarks[2].x -= 40;
  flat.landmarks.fill({320, 240});
  lost.landmarks[3].y = NAN;
  boundless.box.x2 = INFINITY;
  const Alignment alignment =
      choose({face_at(200, 200, 30), face_at(320, 240, 80, 0.52F), turned, flat, lost, boundless, face_at(50, 50, 40)},
             {.min_size = 40, .min_score = 0.6F, .max_yaw = 30});
  EXPECT_EQ(alignment.faces[0].rejected, "smaller than 40 pixels");
  EXPECT_EQ(alignment.faces[1].rejected, "score 0.52 below 0.6");
  EXPECT_THAT(alignment.faces[2].rejected, testing::MatchesRegex("turned by [0-9]+° to the left"));
  EXPECT_THAT(alignment.faces[3].rejected, HasSubstr("the landmarks coincide"));
  EXPECT_THAT(alignment.faces[4].rejected, HasSubstr("not a finite number"));
  EXPECT_THAT(alignment.faces[5].rejected, HasSubstr("not of finite numbers"));
  EXPECT_THAT(alignment.chosen, ElementsAre(6));
  EXPECT_EQ(alignment.reason, "the only usable face of 7");
  EXPECT_FALSE(alignment.faces[3].transform.has_value());
}

TEST(FaceChoice, SaysWhyThereIsNone) {
  EXPECT_EQ(choose({}).reason, "no face found");
  const Alignment small = choose({face_at(1, 1, 15), face_at(320, 240, 15)});
  EXPECT_THAT(small.chosen, IsEmpty());
  EXPECT_EQ(small.reason, "no usable face: smaller than 20 pixels");
  EXPECT_FALSE(small.fallback);
}

TEST(FaceChoice, FallsBackToTheCentreOnlyWithoutAFace) {
  EXPECT_TRUE(choose({}, {.fallback_center = true}).fallback);
  EXPECT_EQ(choose({}, {.fallback_center = true}).reason, "no face found; the centre of the image serves");
  EXPECT_FALSE(choose({face_at(10, 10, 60)}, {.fallback_center = true}).fallback);
}

TEST(FaceChoice, IsReadFromItsName) {
  EXPECT_EQ(parse_face_choice("center"), FaceChoice::center);
  try {
    parse_face_choice("larges");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_THAT(error.hint(), HasSubstr("did you mean 'largest'? known: largest, center, best, all"));
  }
}

// Red to the left, green to the right, as large as the crop is to be.
Image two_halves(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) image.row(y)[3 * x + (x < width / 2 ? 0 : 1)] = 255;
  }
  return image;
}

TEST(Crop, OfAFaceIsTheTemplatesView) {
  const Image image = two_halves(640, 480);
  const Alignment alignment = choose({face_at(320, 240, 224)});
  const Image crop = crop_face(image, alignment.faces[0], crop_shape);
  EXPECT_EQ(crop.width, 112);
  EXPECT_EQ(crop.row(56)[3 * 53], 255);
  EXPECT_EQ(crop.row(56)[3 * 58 + 1], 255);
}

TEST(Crop, OfTheCentreKeepsItsShape) {
  for (const auto& [width, height] : {std::pair{640, 480}, {60, 50}, {112, 112}, {30, 900}, {1, 1}}) {
    for (const CropShape& shape : {crop_shape, CropShape{96, 112}}) {
      const Image crop = crop_center(two_halves(width, height), shape);
      ASSERT_EQ(crop.rgb.size(), static_cast<size_t>(shape.width * shape.height * 3));
      if (width == 1) continue;
      EXPECT_EQ(crop.row(0)[0], 255) << width;
      EXPECT_EQ(crop.row(shape.height - 1)[3 * (shape.width - 1) + 1], 255) << width;
    }
  }
  const Image image = two_halves(112, 112);
  EXPECT_EQ(crop_center(image, crop_shape).rgb, image.rgb);
}

}  // namespace
}  // namespace facerec
