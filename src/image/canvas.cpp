#include "image/canvas.h"

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "image/lettering.h"

namespace facerec {
namespace {

constexpr int fraction_bits = 4;  // lines are placed to 1/16 pixel

cv::Scalar rgb(Colour colour) { return {double(colour.r), double(colour.g), double(colour.b)}; }

// Of a font `size` units high: lettering is 1.2 times as high as its font.
Lettering lettering(const std::string& text, double size, bool bold) {
  constexpr int widest = 8192;
  return letter(text, static_cast<int>(std::lround(1.2 * size * ImageCanvas::scale)), widest, bold);
}

cv::Mat coverage_of(const Lettering& letters) {
  return {letters.height, letters.width, CV_8UC1, const_cast<uint8_t*>(letters.coverage.data())};
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
  void blend(const cv::Mat& coverage, cv::Point corner, Colour colour) {
    const cv::Rect visible = cv::Rect(corner, coverage.size()) & cv::Rect({}, mat.size());
    for (int y = visible.y; y < visible.y + visible.height; ++y) {
      for (int x = visible.x; x < visible.x + visible.width; ++x) {
        const int ink = coverage.at<uint8_t>(y - corner.y, x - corner.x);
        auto& pixel = mat.at<cv::Vec3b>(y, x);
        const int channels[] = {colour.r, colour.g, colour.b};
        for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>((pixel[c] * (255 - ink) + channels[c] * ink) / 255);
      }
    }
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

void ImageCanvas::area(std::span<const Spot> outline, Colour fill, double opacity) {
  std::vector<cv::Point> points;
  for (const Spot& spot : outline) points.push_back(fixed_point(spot));
  if (points.empty()) return;
  cv::Mat filled = pixels_->mat.clone();
  cv::fillPoly(filled, std::vector{points}, rgb(fill), cv::LINE_AA, fraction_bits);
  cv::addWeighted(filled, opacity, pixels_->mat, 1 - opacity, 0, pixels_->mat);
}

void ImageCanvas::text(Spot baseline, const Text& text) {
  const bool raised = !text.superscript.empty();
  const double small = 0.72 * text.size;
  const Lettering main = lettering(text.text, text.size, text.bold);
  const Lettering above = raised ? lettering(text.superscript, small, text.bold) : Lettering{};
  // Put together on a strip of its own, so that it can be turned.
  const int lift = raised ? static_cast<int>(std::lround(0.4 * text.size * scale)) : 0;
  const int ascent = std::max(main.baseline, above.baseline + lift);
  cv::Mat strip(ascent + main.height - main.baseline, main.width + above.width, CV_8UC1, cv::Scalar(0));
  const auto put = [&](const Lettering& letters, int x, int y) {
    const cv::Rect place = cv::Rect(x, y, letters.width, letters.height) & cv::Rect({}, strip.size());
    coverage_of(letters)(place - cv::Point(x, y)).copyTo(strip(place));
  };
  if (!text.text.empty()) put(main, 0, ascent - main.baseline);
  if (raised) put(above, main.width, ascent - lift - above.baseline);

  const int shift = static_cast<int>(strip.cols * (static_cast<int>(text.anchor) / 2.0));  // start, middle, end
  const cv::Point origin(static_cast<int>(std::lround(baseline.x * scale)),
                         static_cast<int>(std::lround(baseline.y * scale)));
  cv::Point corner = origin - cv::Point(shift, ascent);
  if (text.upwards) {
    cv::rotate(strip, strip, cv::ROTATE_90_COUNTERCLOCKWISE);
    corner = origin + cv::Point(-ascent, shift - strip.rows);
  }
  pixels_->blend(strip, corner, text.colour);
}

double ImageCanvas::width_of(const std::string& text, double size) const {
  return static_cast<double>(lettering(text, size, false).width) / scale;
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
