#include "facerec/face/quality.h"

#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "face/mean_face.h"

namespace facerec {
namespace {

using Camera = cv::Matx23d;  // weak perspective: a scale times two rows of a rotation

// The affine camera that maps the mean face to the landmarks with least squares.
Camera fit_camera(const Landmarks& landmarks) {
  cv::Vec3d face_mean;
  cv::Vec2d mean;
  for (size_t i = 0; i < mean_face.size(); ++i) {
    face_mean += cv::Vec3d(mean_face[i].data()) / 5.0;
    mean += cv::Vec2d(landmarks[i].x, landmarks[i].y) / 5.0;
  }
  Camera products;
  cv::Matx33d squares;
  for (size_t i = 0; i < mean_face.size(); ++i) {
    const cv::Vec3d point = cv::Vec3d(mean_face[i].data()) - face_mean;
    products += (cv::Vec2d(landmarks[i].x, landmarks[i].y) - mean) * point.t();
    squares += point * point.t();
  }
  return products * squares.inv();
}

// The nearest camera of orthogonal rows of length 1: (M·Mᵀ)^(−½)·M, by the closed form of a 2×2 root.
Camera orthonormal(const Camera& camera) {
  cv::Matx22d root = camera * camera.t();
  const double determinant = std::sqrt(std::max(cv::determinant(root), 0.0));
  root = root + determinant * cv::Matx22d::eye();
  return root.inv() * camera * std::sqrt(cv::trace(root));
}

double degrees(double radians) { return radians * 180 / std::numbers::pi; }

}  // namespace

Pose estimate_pose(const Landmarks& landmarks) {
  const Camera r = orthonormal(fit_camera(landmarks));
  // The last row of the rotation, which is roll · yaw · pitch.
  const cv::Vec3d depth = cv::Vec3d(r.row(0).val).cross(cv::Vec3d(r.row(1).val));
  return {.yaw = degrees(std::atan2(depth[0], std::hypot(r(0, 0), r(1, 0)))),
          .pitch = degrees(std::atan2(-depth[1], depth[2])),
          .roll = degrees(std::atan2(r(1, 0), r(0, 0)))};
}

double sharpness(const Image& crop) {
  const cv::Mat rgb(crop.height, crop.width, CV_8UC3, const_cast<uint8_t*>(crop.rgb.data()));
  cv::Mat grey, laplacian;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::Laplacian(grey, laplacian, CV_64F);
  cv::Scalar mean, deviation;
  cv::meanStdDev(laplacian, mean, deviation);
  return deviation[0] * deviation[0];
}

}  // namespace facerec
