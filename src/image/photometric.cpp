#include "facerec/image/photometric.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "image/mat.h"

namespace facerec {
namespace {

// In 16 bits of fixed point, as Pillow has it.
int grey_of(const uint8_t* pixel) { return (pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16; }

uint8_t blend(int from, int value, float factor) {
  const float blended = static_cast<float>(from) + factor * static_cast<float>(value - from);
  return static_cast<uint8_t>(std::clamp(blended, 0.0F, 255.0F));
}

void blend_from(int from, double factor, Image& image) {
  std::array<uint8_t, 256> blended{};
  for (int value = 0; value < 256; ++value) {
    blended[static_cast<size_t>(value)] = blend(from, value, static_cast<float>(factor));
  }
  for (uint8_t& value : image.rgb) value = blended[value];
}

}  // namespace

void adjust_brightness(Image& image, double factor) { blend_from(0, factor, image); }

void adjust_contrast(Image& image, double factor) {
  int64_t sum = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3) sum += grey_of(&image.rgb[i]);
  const double mean = static_cast<double>(sum) / (static_cast<double>(image.rgb.size()) / 3);
  blend_from(static_cast<int>(mean + 0.5), factor, image);
}

void adjust_saturation(Image& image, double factor) {
  Image grey = image;
  make_grey(grey);
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = blend(grey.rgb[i], image.rgb[i], static_cast<float>(factor));
  }
}

void adjust_hue(Image& image, double turns) {
  cv::Mat hsv;
  cv::cvtColor(as_mat(image), hsv, cv::COLOR_RGB2HSV_FULL);
  const auto shift = static_cast<uint8_t>(std::lround(turns * 256));
  for (int y = 0; y < hsv.rows; ++y) {
    uint8_t* row = hsv.ptr(y);
    for (int x = 0; x < hsv.cols; ++x) row[3 * x] = static_cast<uint8_t>(row[3 * x] + shift);
  }
  cv::Mat out = as_mat(image);
  cv::cvtColor(hsv, out, cv::COLOR_HSV2RGB_FULL);
}

void make_grey(Image& image) {
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    std::fill_n(&image.rgb[i], 3, static_cast<uint8_t>(grey_of(&image.rgb[i])));
  }
}

Image gaussian_blur(const Image& image, double sigma) {
  Image out(image.width, image.height);
  cv::Mat to = as_mat(out);
  cv::GaussianBlur(as_mat(image), to, {}, sigma, 0, cv::BORDER_REFLECT_101);
  return out;
}

}  // namespace facerec
