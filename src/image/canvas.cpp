#include "image/canvas.h"

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace facerec {
namespace {

constexpr int font = cv::FONT_HERSHEY_DUPLEX;
constexpr int fraction_bits = 4;  // lines are placed to 1/16 pixel

cv::Scalar rgb(Colour colour) { return {double(colour.r), double(colour.g), double(colour.b)}; }

// OpenCV's scale for letters of `size` units: capitals of Hershey fonts are 22 pixels high at scale 1, and about 0.72
// of the size in common fonts.
double font_scale(double size) { return 0.72 * size * ImageCanvas::scale / 22; }

int text_pixels(const std::string& text, double size) {
  int baseline = 0;
  return cv::getTextSize(text, font, font_scale(size), 1, &baseline).width;
}

cv::Point fixed_point(Spot spot) {
  // OpenCV's pixel centres lie at whole numbers.
  const double factor = 1 << fraction_bits;
  return {static_cast<int>(std::lround((spot.x * ImageCanvas::scale - 0.5) * factor)),
          static_cast<int>(std::lround((spot.y * ImageCanvas::scale - 0.5) * factor))};
}

// The "on" parts of a dashed line.
std::vector<std::vector<Spot>> dashes(std::span<const Spot> spots, double on, double off) {
  std::vector<std::vector<Spot>> parts;
  double left = 0;  // of the current dash or gap
  bool drawing = false;
  for (size_t i = 1; i < spots.size(); ++i) {
    const Spot from = spots[i - 1], to = spots[i];
    const double length = std::hypot(to.x - from.x, to.y - from.y);
    double done = 0;
    while (done < length) {
      if (left <= 0) {
        drawing = !drawing;
        left = drawing ? on : off;
        const double t = done / length;
        if (drawing) parts.push_back({{from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)}});
      }
      const double advance = std::min(left, length - done);
      done += advance;
      left -= advance;
      const double t = done / length;
      if (drawing) parts.back().push_back({from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)});
    }
  }
  return parts;
}

}  // namespace

struct ImageCanvas::Pixels {
  Image image;
  cv::Mat mat;
  Pixels(int width, int height)
      : image(width * scale, height * scale), mat(height * scale, width * scale, CV_8UC3, image.rgb.data()) {
    mat.setTo(cv::Scalar::all(255));
  }
  void line(std::span<const Spot> spots, const Stroke& stroke) {
    std::vector<cv::Point> points;
    for (const Spot& spot : spots) points.push_back(fixed_point(spot));
    // An antialiased line of OpenCV comes out about one pixel wider than asked for.
    const int thickness = std::max(1, static_cast<int>(std::lround(stroke.width * scale - 1.2)));
    cv::polylines(mat, points, false, rgb(stroke.colour), thickness, cv::LINE_AA, fraction_bits);
  }
};

ImageCanvas::ImageCanvas(int width, int height) : pixels_(std::make_unique<Pixels>(width, height)) {}
ImageCanvas::~ImageCanvas() = default;

void ImageCanvas::polyline(std::span<const Spot> spots, const Stroke& stroke) {
  if (!stroke.dashed) return pixels_->line(spots, stroke);
  for (const auto& dash : dashes(spots, 5, 3.5)) pixels_->line(dash, stroke);
}

void ImageCanvas::rectangle(Spot corner, double width, double height, Colour fill, std::optional<Stroke> stroke) {
  const auto pixel = [](double units) { return static_cast<int>(std::lround(units * scale)); };
  cv::rectangle(pixels_->mat, cv::Rect(pixel(corner.x), pixel(corner.y), pixel(width), pixel(height)), rgb(fill),
                cv::FILLED);
  if (!stroke) return;
  const Spot far = {corner.x + width, corner.y + height};
  const Spot outline[] = {corner, {far.x, corner.y}, far, {corner.x, far.y}, corner};
  polyline(outline, *stroke);
}

void ImageCanvas::text(Spot baseline, const Text& text) {
  const int main_width = text_pixels(text.text, text.size);
  const double small = 0.72 * text.size;
  const int width = main_width + (text.superscript.empty() ? 0 : text_pixels(text.superscript, small));
  const int thickness = text.bold ? 2 : 1;
  // Drawn on a strip first, so that it can be turned; the strip blends in as multiplication on white.
  const int above = static_cast<int>(1.4 * text.size * scale), below = static_cast<int>(0.5 * text.size * scale);
  cv::Mat strip(above + below, width + 4, CV_8UC3, cv::Scalar::all(255));
  cv::putText(strip, text.text, {2, above}, font, font_scale(text.size), rgb(text.colour), thickness, cv::LINE_AA);
  if (!text.superscript.empty()) {
    const int raised = above - static_cast<int>(0.4 * text.size * scale);
    cv::putText(strip, text.superscript, {2 + main_width, raised}, font, font_scale(small), rgb(text.colour), thickness,
                cv::LINE_AA);
  }
  const int shift = text.anchor == Anchor::start ? 0 : text.anchor == Anchor::middle ? width / 2 : width;
  const int x = static_cast<int>(baseline.x * scale), y = static_cast<int>(baseline.y * scale);
  cv::Rect place(x - shift - 2, y - above, strip.cols, strip.rows);
  if (text.upwards) {
    cv::rotate(strip, strip, cv::ROTATE_90_COUNTERCLOCKWISE);
    place = cv::Rect(x - above, y + shift + 2 - strip.rows, strip.cols, strip.rows);
  }
  const cv::Rect visible = place & cv::Rect(0, 0, pixels_->mat.cols, pixels_->mat.rows);
  if (visible.empty()) return;
  cv::Mat target = pixels_->mat(visible);
  cv::min(target, strip(visible - place.tl()), target);
}

double ImageCanvas::width_of(const std::string& text, double size) const {
  return static_cast<double>(text_pixels(text, size)) / scale;
}

void ImageCanvas::image(Spot corner, const Image& image) {
  const cv::Mat source(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
  const cv::Rect place(static_cast<int>(std::lround(corner.x * scale)), static_cast<int>(std::lround(corner.y * scale)),
                       image.width, image.height);
  const cv::Rect visible = place & cv::Rect(0, 0, pixels_->mat.cols, pixels_->mat.rows);
  if (visible.empty()) return;
  source(visible - place.tl()).copyTo(pixels_->mat(visible));
}

Image ImageCanvas::finish() && { return std::move(pixels_->image); }

}  // namespace facerec
