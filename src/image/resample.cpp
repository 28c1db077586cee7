#include "facerec/image/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace facerec {
namespace {

constexpr int precision_bits = 32 - 8 - 2;  // Pillow's: a sum of weights of at most 2 stays within 32 bits

double bilinear(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys' cubic with a = −0.5.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

// What each pixel of a line is made of: `count` pixels from `first` on, with weights at [i · stride].
struct Taps {
  std::vector<int> first, count;
  std::vector<int32_t> weights;
  int stride = 0;
};

Taps taps_of(int from, int to, PillowFilter filter) {
  const double scale = static_cast<double>(from) / to, stretch = std::max(scale, 1.0);
  const double support = (filter == PillowFilter::bilinear ? 1.0 : 2.0) * stretch;
  Taps taps;
  taps.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.weights.resize(static_cast<size_t>(to) * static_cast<size_t>(taps.stride));
  std::vector<double> weights;
  for (int i = 0; i < to; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int end = std::min(from, static_cast<int>(center + support + 0.5));
    weights.clear();
    double sum = 0;
    for (int x = first; x < end; ++x) {
      const double distance = (x - center + 0.5) / stretch;
      weights.push_back(filter == PillowFilter::bilinear ? bilinear(distance) : bicubic(distance));
      sum += weights.back();
    }
    int32_t* fixed = &taps.weights[static_cast<size_t>(i) * static_cast<size_t>(taps.stride)];
    for (const double weight : weights) {
      const double value = (sum != 0 ? weight / sum : weight) * (1 << precision_bits);
      *fixed++ = static_cast<int32_t>(value < 0 ? value - 0.5 : value + 0.5);
    }
    taps.first.push_back(first);
    taps.count.push_back(end - first);
  }
  return taps;
}

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> precision_bits, 0, 255)); }

Image across(const Image& image, int width, PillowFilter filter) {
  const Taps taps = taps_of(image.width, width, filter);
  Image out(width, image.height);
  for (int y = 0; y < image.height; ++y) {
    uint8_t* to = out.row(y);
    for (int x = 0; x < width; ++x, to += 3) {
      const auto at = static_cast<size_t>(x);
      const int32_t* weights = &taps.weights[at * static_cast<size_t>(taps.stride)];
      const uint8_t* from = image.row(y) + 3 * static_cast<size_t>(taps.first[at]);
      int32_t red = 1 << (precision_bits - 1), green = red, blue = red;
      for (int i = 0; i < taps.count[at]; ++i, from += 3) {
        red += from[0] * weights[i];
        green += from[1] * weights[i];
        blue += from[2] * weights[i];
      }
      to[0] = rounded(red), to[1] = rounded(green), to[2] = rounded(blue);
    }
  }
  return out;
}

Image down(const Image& image, int height, PillowFilter filter) {
  const Taps taps = taps_of(image.height, height, filter);
  Image out(image.width, height);
  const size_t length = 3 * static_cast<size_t>(image.width);
  std::vector<int32_t> sums(length);
  for (int y = 0; y < height; ++y) {
    const auto at = static_cast<size_t>(y);
    std::fill(sums.begin(), sums.end(), 1 << (precision_bits - 1));
    for (int i = 0; i < taps.count[at]; ++i) {
      const int32_t weight = taps.weights[at * static_cast<size_t>(taps.stride) + static_cast<size_t>(i)];
      const uint8_t* from = image.row(taps.first[at] + i);
      for (size_t x = 0; x < length; ++x) sums[x] += from[x] * weight;
    }
    std::transform(sums.begin(), sums.end(), out.row(y), rounded);
  }
  return out;
}

// The pixels that pixel i of `to` averages.
struct Range {
  int first, end;
};
Range range_of(int i, int from, int to) {
  const int64_t start = int64_t{i} * from, stop = int64_t{i + 1} * from;
  return {static_cast<int>(start / to), static_cast<int>((stop + to - 1) / to)};
}

}  // namespace

Image resize_pillow(const Image& image, int width, int height, PillowFilter filter) {
  const Image* from = &image;
  Image narrowed;
  if (width != image.width) {
    narrowed = across(image, width, filter);
    from = &narrowed;
  }
  if (height != image.height) return down(*from, height, filter);
  if (from == &image) return image;
  return narrowed;
}

void resize_area(const Image& image, const Window& window, int width, int height, int first_row, int rows, float* out) {
  const size_t length = 3 * static_cast<size_t>(window.width);
  std::vector<Range> columns;
  for (int x = 0; x < width; ++x) columns.push_back(range_of(x, window.width, width));
  std::vector<uint32_t> sums(length);
  for (int y = first_row; y < first_row + rows; ++y) {
    const Range lines = range_of(y, window.height, height);
    std::fill(sums.begin(), sums.end(), 0);
    for (int line = lines.first; line < lines.end; ++line) {
      const uint8_t* from = image.row(window.y + line) + 3 * static_cast<size_t>(window.x);
      for (size_t i = 0; i < length; ++i) sums[i] += from[i];
    }
    for (const Range& column : columns) {
      uint32_t red = 0, green = 0, blue = 0;
      const uint32_t* from = &sums[3 * static_cast<size_t>(column.first)];
      for (int x = column.first; x < column.end; ++x, from += 3) {
        red += from[0];
        green += from[1];
        blue += from[2];
      }
      const float share = 1.0F / static_cast<float>((lines.end - lines.first) * (column.end - column.first));
      *out++ = static_cast<float>(red) * share;
      *out++ = static_cast<float>(green) * share;
      *out++ = static_cast<float>(blue) * share;
    }
  }
}

}  // namespace facerec
