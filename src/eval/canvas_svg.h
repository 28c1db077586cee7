// Figures as SVG 1.1.
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <span>
#include <string>

#include "image/canvas.h"

namespace facerec {

std::string hex(Colour colour);  // #rrggbb

class SvgCanvas : public Canvas {
 public:
  SvgCanvas(int width, int height, const std::string& title);
  void polyline(std::span<const Spot> spots, const Stroke& stroke) override;
  void rectangle(Spot corner, double width, double height, Colour fill, std::optional<Stroke> stroke) override;
  void area(std::span<const Spot> outline, Colour fill, double opacity) override;
  void text(Spot baseline, const Text& text) override;
  double width_of(const std::string& text, double size) const override;
  std::string finish() &&;

 private:
  pugi::xml_document document_;
  pugi::xml_node svg_;
};

}  // namespace facerec
