#include "facerec/face/alignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr Points64 template_112 = {
    {{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}}};

constexpr double least_spread = 0.5;  // pixels
constexpr double least_scale = 1e-4;
constexpr int largest_source = 32766;  // pixels a side: cv::warpAffine counts them in 16 bits

std::array<double, 2> mean_of(const Points64& points) {
  std::array<double, 2> mean{};
  for (const auto& [x, y] : points) mean = {mean[0] + x / 5, mean[1] + y / 5};
  return mean;
}

double rms_residual(const std::array<double, 6>& m, const Points64& from, const Points64& to) {
  double sum = 0;
  for (size_t i = 0; i < 5; ++i) {
    const auto [x, y] = from[i];
    const double dx = m[0] * x + m[1] * y + m[2] - to[i][0], dy = m[3] * x + m[4] * y + m[5] - to[i][1];
    sum += dx * dx + dy * dy;
  }
  return std::sqrt(sum / 5);
}

// The pixels of an axis within `reach` of `middle`, a multiple of `step` where the image goes on so far.
cv::Range pixels_about(double middle, double reach, int step, int size) {
  const double first = std::clamp(std::floor(middle - reach), 0.0, static_cast<double>(size));
  const double steps = std::ceil((middle + reach + 1 - first) / step);
  const double end = std::clamp(first + steps * step, first, static_cast<double>(size));
  return {static_cast<int>(first), static_cast<int>(end)};
}

// A part of an image: its pixel x lies at factor·x + shift.
struct Part {
  cv::Mat pixels;
  cv::Vec2d factor, shift;
};

// What the crop shows, with a margin for averaging and interpolation.
Part part_shown(const cv::Mat& image, const cv::Matx23d& to_crop, cv::Size crop, int factor) {
  cv::Matx23d m;
  cv::invertAffineTransform(to_crop, m);
  const double x = (crop.width - 1) / 2.0, y = (crop.height - 1) / 2.0, margin = 2.0 * factor;
  auto middle = [&](int i) { return m(i, 0) * x + m(i, 1) * y + m(i, 2); };
  auto reach = [&](int i) { return std::abs(m(i, 0)) * x + std::abs(m(i, 1)) * y + margin; };
  const cv::Range columns = pixels_about(middle(0), reach(0), factor, image.cols);
  const cv::Range rows = pixels_about(middle(1), reach(1), factor, image.rows);
  return {image(rows, columns), {1, 1}, {static_cast<double>(columns.start), static_cast<double>(rows.start)}};
}

// Each pixel the average of factor × factor; of slightly fewer where they do not divide the part.
void average_down(Part& part, int factor) {
  const cv::Size large = part.pixels.size();
  const cv::Size small((large.width + factor - 1) / factor, (large.height + factor - 1) / factor);
  if (factor == 1) return;
  cv::Mat averages;
  cv::resize(part.pixels, averages, small, 0, 0, cv::INTER_AREA);
  part.pixels = averages;
  part.factor = {static_cast<double>(large.width) / small.width, static_cast<double>(large.height) / small.height};
  part.shift += 0.5 * (part.factor - cv::Vec2d(1, 1));  // between the centres of the first pixels
}

}  // namespace

Points64 template_points(const CropShape& shape) {
  const bool wide_margin = shape.width == shape.height && shape.width % 128 == 0 && shape.width % 112 != 0;
  const double scale = shape.height / (wide_margin ? 128.0 : 112.0);
  const double margin = wide_margin ? 8.0 * scale : (shape.width - 112.0 * scale) / 2;
  const double shrink = 1 / (1 + 2 * shape.padding);
  Points64 points = template_112;
  for (auto& [x, y] : points) {
    x = (x * scale + margin + shape.padding * shape.width) * shrink;
    y = (y * scale + shape.padding * shape.height) * shrink;
  }
  return points;
}

// In two dimensions the similarities are the matrices (a −b; b a): linear least squares in a and b.
Similarity fit_similarity(const Points64& from, const Points64& to) {
  const auto from_mean = mean_of(from), to_mean = mean_of(to);
  double square = 0, dot = 0, cross = 0;
  for (size_t i = 0; i < 5; ++i) {
    const double x = from[i][0] - from_mean[0], y = from[i][1] - from_mean[1];
    const double u = to[i][0] - to_mean[0], v = to[i][1] - to_mean[1];
    square += x * x + y * y;
    dot += x * u + y * v;
    cross += x * v - y * u;
  }
  if (!std::isfinite(square)) throw Error("a landmark is not a finite number");
  if (std::sqrt(square / 5) < least_spread) {
    throw Error(fmt::format("the landmarks coincide, within {:.2g} pixels", std::sqrt(square / 5)));
  }
  const double a = dot / square, b = cross / square;
  Similarity similarity;
  similarity.scale = std::hypot(a, b);
  if (similarity.scale < least_scale) {
    throw Error(fmt::format("the landmarks are not arranged as those of a face: they fit at a scale of {:.2g} only",
                            similarity.scale));
  }
  similarity.matrix = {a, -b, to_mean[0] - (a * from_mean[0] - b * from_mean[1]),
                       b, a,  to_mean[1] - (b * from_mean[0] + a * from_mean[1])};
  similarity.rotation = std::atan2(b, a) * 180 / std::numbers::pi;
  similarity.residual = rms_residual(similarity.matrix, from, to);
  return similarity;
}

Similarity fit_similarity(const Landmarks& landmarks, const CropShape& shape) {
  Points64 points{};
  for (size_t i = 0; i < points.size(); ++i) points[i] = {landmarks[i].x, landmarks[i].y};
  return fit_similarity(points, template_points(shape));
}

Image warp(const Image& image, const Similarity& to_crop, const CropShape& shape, bool area) {
  Image crop(shape.width, shape.height);
  cv::Mat target(crop.height, crop.width, CV_8UC3, crop.rgb.data());
  const cv::Mat whole(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
  cv::Matx23d m(to_crop.matrix.data());
  const int factor = static_cast<int>(std::clamp(1 / to_crop.scale, 1.0, 1 / least_scale));
  Part part = part_shown(whole, m, target.size(), factor);
  if (part.pixels.empty()) return crop;
  if (area || std::max(part.pixels.cols, part.pixels.rows) > largest_source) average_down(part, factor);
  for (int i = 0; i < 2; ++i) {
    m(i, 2) += m(i, 0) * part.shift[0] + m(i, 1) * part.shift[1];
    m(i, 0) *= part.factor[0];
    m(i, 1) *= part.factor[1];
  }
  cv::warpAffine(part.pixels, target, m, target.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT, cv::Scalar::all(0));
  return crop;
}

}  // namespace facerec
