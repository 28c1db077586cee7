// The boxes that RetinaFace corrects.
#pragma once

#include <vector>

namespace facerec {

// A square, in pixels of the image.
struct Prior {
  float x = 0, y = 0;  // its centre
  float side = 0;
};

// For each place of the feature maps of strides 8, 16 and 32, row by row, two squares: of 16 and 32, 64 and 128, 256
// and 512 pixels.
std::vector<Prior> priors_of(int width, int height);

}  // namespace facerec
