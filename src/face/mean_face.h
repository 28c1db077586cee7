// A mean face in three dimensions.
#pragma once

#include <array>

namespace facerec {

// The five landmarks in eye distances, from between the eyes: x to the image's right, y down, z away from the camera.
// x and y are the 112×112 template's, which is a mean of frontal faces, made symmetric. The nose's depth is our own:
// with 0.55, and the mouth in the plane of the eyes, weak perspective explains best the 400 faces that MTCNN and
// RetinaFace find in 112 photographs (LFW and groups); between adults' pupils 63 mm apart that is a nose of 35 mm.
inline constexpr std::array<std::array<double, 3>, 5> mean_face = {
    {{-0.5, 0, 0}, {0.5, 0, 0}, {0, 0.571, -0.55}, {-0.414, 1.155, 0}, {0.414, 1.155, 0}}};

}  // namespace facerec
