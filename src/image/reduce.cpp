#include "image/reduce.h"

#include <array>
#include <opencv2/imgproc.hpp>

namespace facerec {
namespace {

struct Stretch {
  cv::Range whole, small;
};

// The whole blocks of an axis, and the rest as one.
std::array<Stretch, 2> stretches(int size, int reduction) {
  const int blocks = size / reduction, inner = blocks * reduction;
  return {Stretch{{0, inner}, {0, blocks}}, Stretch{{inner, size}, {blocks, reduced(size, reduction)}}};
}

}  // namespace

Image average_blocks(const Image& image, int reduction) {
  Image result(reduced(image.width, reduction), reduced(image.height, reduction));
  const cv::Mat source(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
  cv::Mat target(result.height, result.width, CV_8UC3, result.rgb.data());
  for (const Stretch& rows : stretches(image.height, reduction)) {
    for (const Stretch& columns : stretches(image.width, reduction)) {
      cv::Mat part = target(rows.small, columns.small);
      if (!part.empty()) cv::resize(source(rows.whole, columns.whole), part, part.size(), 0, 0, cv::INTER_AREA);
    }
  }
  return result;
}

}  // namespace facerec
