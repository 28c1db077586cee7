#include "facerec/face/quality.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "face/mean_face.h"
#include "facerec/face/alignment.h"

namespace facerec {
namespace {

// The mean face, turned and seen from afar: 100 pixels between the eyes, somewhere in the image.
Landmarks seen(const Pose& pose) {
  auto turn = [](double& a, double& b, double degrees) {  // the axis a towards b
    const double c = std::cos(degrees * std::numbers::pi / 180), s = std::sin(degrees * std::numbers::pi / 180);
    const double before = a;
    a = c * a - s * b;
    b = s * before + c * b;
  };
  Landmarks landmarks{};
  for (size_t i = 0; i < 5; ++i) {
    auto [x, y, z] = mean_face[i];
    turn(z, y, pose.pitch);
    turn(x, z, pose.yaw);
    turn(x, y, pose.roll);
    landmarks[i] = {static_cast<float>(300 + 100 * x), static_cast<float>(200 + 100 * y)};
  }
  return landmarks;
}

Landmarks mirrored(const Landmarks& l) {
  Landmarks result{l[1], l[0], l[2], l[4], l[3]};
  for (Point& point : result) point.x = 640 - point.x;
  return result;
}

TEST(Pose, OfTheTemplateIsFrontal) {
  const Points64 points = template_points({112, 112});
  Landmarks landmarks{};
  for (size_t i = 0; i < 5; ++i) landmarks[i] = {static_cast<float>(points[i][0]), static_cast<float>(points[i][1])};
  const Pose pose = estimate_pose(landmarks);
  EXPECT_NEAR(pose.yaw, 0, 1);
  EXPECT_NEAR(pose.pitch, 0, 1);
  EXPECT_NEAR(pose.roll, 0, 1);
}

TEST(Pose, OfTheMeanFaceIsFoundAgain) {
  for (double yaw = -60; yaw <= 60; yaw += 15) {
    for (double pitch = -30; pitch <= 30; pitch += 15) {
      for (double roll = -90; roll <= 90; roll += 45) {
        const Pose pose = estimate_pose(seen({yaw, pitch, roll}));
        EXPECT_NEAR(pose.yaw, yaw, 0.01);
        EXPECT_NEAR(pose.pitch, pitch, 0.01);
        EXPECT_NEAR(pose.roll, roll, 0.01);
      }
    }
  }
}

TEST(Pose, HasTheSignsThatAreDocumented) {
  Landmarks face{{{100, 100}, {160, 100}, {130, 130}, {105, 170}, {155, 170}}};
  const Pose frontal = estimate_pose(face);
  face[2].x += 15;  // the nose points to the image's right
  EXPECT_GT(estimate_pose(face).yaw, 10);
  face[2] = {130, 120};  // and up
  EXPECT_GT(estimate_pose(face).pitch, frontal.pitch + 5);
  face = {{{100, 100}, {160, 130}, {115, 150}, {80, 175}, {130, 200}}};  // clockwise
  EXPECT_GT(estimate_pose(face).roll, 20);
}

TEST(Pose, OfAMirroredFaceIsMirrored) {
  for (const Pose& turned : {Pose{20, 5, 10}, Pose{-50, -20, 30}, Pose{75, 0, -5}}) {
    const Pose pose = estimate_pose(mirrored(seen(turned)));
    EXPECT_NEAR(pose.yaw, -turned.yaw, 0.01);
    EXPECT_NEAR(pose.pitch, turned.pitch, 0.01);
    EXPECT_NEAR(pose.roll, -turned.roll, 0.01);
  }
}

TEST(Pose, OfLandmarksOnALineIsANumber) {
  const Pose pose = estimate_pose({{{10, 10}, {20, 20}, {30, 30}, {40, 40}, {50, 50}}});
  EXPECT_TRUE(std::isfinite(pose.yaw) && std::isfinite(pose.pitch) && std::isfinite(pose.roll));
}

TEST(Sharpness, IsTheVarianceOfTheLaplacian) {
  Image board(64, 64);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64 * 3; ++x) board.row(y)[x] = (x / 3 + y) % 2 * 200;
  }
  // Every pixel differs by 200 from its four neighbours: ±800.
  EXPECT_NEAR(sharpness(board), 800.0 * 800.0, 1);
  EXPECT_EQ(sharpness(Image(64, 64)), 0);
  EXPECT_EQ(sharpness(Image(1, 1)), 0);
}

TEST(Sharpness, FallsWithBlur) {
  Image noise(112, 112);
  uint32_t state = 1;
  for (uint8_t& value : noise.rgb) value = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  const Image blurred = resize(resize(noise, 56, 56), 112, 112);
  EXPECT_LT(sharpness(blurred), sharpness(noise) / 4);
}

}  // namespace
}  // namespace facerec
