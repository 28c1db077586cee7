#include "facerec/image/geometry.h"

#include <cstring>
#include <opencv2/imgproc.hpp>

#include "image/mat.h"

namespace facerec {
namespace {

int code_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::nearest: return cv::INTER_NEAREST;
    case Interpolation::linear: return cv::INTER_LINEAR;
    case Interpolation::area: return cv::INTER_AREA;
    case Interpolation::cubic: return cv::INTER_CUBIC;
    case Interpolation::lanczos: break;
  }
  return cv::INTER_LANCZOS4;
}

}  // namespace

Image cut(const Image& image, const Window& window) {
  Image part(window.width, window.height);
  for (int y = 0; y < window.height; ++y) {
    std::memcpy(part.row(y), image.row(window.y + y) + 3 * window.x, 3 * static_cast<size_t>(window.width));
  }
  return part;
}

Image rotate(const Image& image, double degrees) {
  const cv::Point2f center(static_cast<float>(image.width - 1) / 2, static_cast<float>(image.height - 1) / 2);
  Image out(image.width, image.height);
  cv::Mat to = as_mat(out);
  cv::warpAffine(as_mat(image), to, cv::getRotationMatrix2D(center, degrees, 1), to.size(), cv::INTER_LINEAR,
                 cv::BORDER_CONSTANT);
  return out;
}

Image resize(const Image& image, int width, int height, Interpolation interpolation) {
  Image out(width, height);
  cv::Mat to = as_mat(out);
  cv::resize(as_mat(image), to, to.size(), 0, 0, code_of(interpolation));
  return out;
}

}  // namespace facerec
