// What a figure is drawn on: pixels here, SVG in eval/canvas_svg.h. Units are those of the SVG; y grows downwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "facerec/image/image.h"

namespace facerec {

struct Colour {
  uint8_t r, g, b;
};

struct Spot {
  double x, y;
};

struct Stroke {
  Colour colour;
  double width = 1;
  bool dashed = false;
};

enum class Anchor { start, middle, end };

struct Text {
  std::string text;  // UTF-8
  std::string superscript = "";
  double size = 13;
  Anchor anchor = Anchor::start;
  Colour colour = {30, 30, 30};
  bool bold = false;
  bool upwards = false;  // rotated a quarter turn to the left
};

class Canvas {
 public:
  virtual ~Canvas() = default;
  virtual void polyline(std::span<const Spot> spots, const Stroke& stroke) = 0;
  virtual void rectangle(Spot corner, double width, double height, Colour fill, std::optional<Stroke> stroke) = 0;
  virtual void area(std::span<const Spot> outline, Colour fill, double opacity) = 0;  // 0 … 1
  virtual void text(Spot baseline, const Text& text) = 0;
  virtual double width_of(const std::string& text, double size) const = 0;  // about, or more
};

class ImageCanvas : public Canvas {
 public:
  static constexpr int scale = 2;  // pixels a unit
  ImageCanvas(int width, int height);
  ~ImageCanvas() override;
  void polyline(std::span<const Spot> spots, const Stroke& stroke) override;
  void rectangle(Spot corner, double width, double height, Colour fill, std::optional<Stroke> stroke) override;
  void area(std::span<const Spot> outline, Colour fill, double opacity) override;
  void text(Spot baseline, const Text& text) override;
  double width_of(const std::string& text, double size) const override;
  void image(Spot corner, const Image& image);  // `scale` pixels a unit; what lies outside is cut off
  Image finish() &&;

 private:
  struct Pixels;
  std::unique_ptr<Pixels> pixels_;
};

}  // namespace facerec
