// Parts of images, turned and resized.
#pragma once

#include "facerec/image/image.h"
#include "facerec/image/resample.h"

namespace facerec {

// `window` lies within the image.
Image cut(const Image& image, const Window& window);

// About its centre, counter-clockwise, at its size; bilinear, and black outside: torchvision's rotate, but that its
// edge is blended with the black.
Image rotate(const Image& image, double degrees);

// OpenCV's interpolations of these names; only `area` sees every pixel of an image that shrinks.
enum class Interpolation { nearest, linear, area, cubic, lanczos };
Image resize(const Image& image, int width, int height, Interpolation interpolation);

}  // namespace facerec
