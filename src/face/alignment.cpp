#include "facerec/face/alignment.h"

namespace facerec {
namespace {

constexpr Points64 template_112 = {
    {{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}}};

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

}  // namespace facerec
