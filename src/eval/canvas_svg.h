// Figures as SVG text.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "image/canvas.h"

namespace facerec {

class SvgCanvas : public Canvas {
 public:
  SvgCanvas(int width, int height, const std::string& title);
  void polyline(std::span<const Spot> spots, const Stroke& stroke) override;
  void rectangle(Spot corner, double width, double height, Colour fill, std::optional<Stroke> stroke) override;
  void text(Spot baseline, const Text& text) override;
  double width_of(const std::string& text, double size) const override;
  std::string finish() &&;

 private:
  std::string svg_;
};

}  // namespace facerec
