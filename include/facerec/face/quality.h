// What can be said of a face without another network.
#pragma once

#include "facerec/face/face.h"
#include "facerec/image/image.h"

namespace facerec {

// Degrees. yaw: to the image's right is positive; pitch: up is positive; roll: clockwise in the image is positive.
struct Pose {
  double yaw = 0, pitch = 0, roll = 0;
};

// From five landmarks alone, by fitting a mean face; good to tell a profile from a frontal face, not to measure it.
Pose estimate_pose(const Landmarks& landmarks);

// Variance of the Laplacian of the grey crop (Pech-Pacheco et al. 2000): the lower, the more blurred. Depends on the
// crop's size: compare values of one size.
double sharpness(const Image& crop);

}  // namespace facerec
