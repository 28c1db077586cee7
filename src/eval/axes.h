// What all figures share: two axes, curves on them, a legend.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/eval/kfold.h"
#include "image/canvas.h"

namespace facerec {

inline constexpr int figure_width = 760, figure_height = 520;
inline constexpr Colour paper_colour = {255, 255, 255}, ink_colour = {30, 30, 30}, faint_ink_colour = {95, 95, 95},
                        grid_colour = {222, 222, 222}, fine_grid_colour = {240, 240, 240},
                        border_colour = {190, 190, 190};

// Of the series of that number; they repeat.
Colour series_colour(size_t index);

enum class Scale { linear, log10, normal_deviate };

struct Tick {
  double value;
  std::string label = "", superscript = "";  // none: a fine line
};

struct Axis {
  Scale scale = Scale::linear;
  double low = 0, high = 1;
  std::vector<Tick> ticks = {};
  std::string title = "";

  // 0 at low … 1 at high. What lies beyond, infinity and NaN included, stands at the nearer end.
  double position(double value) const;
};

Axis linear_axis(double low, double high, std::string title);   // round ticks
Axis decades_axis(int lowest, int highest, std::string title);  // 10^lowest … 10^highest
Axis deviate_axis(double low, double high, std::string title);  // of rates, 0 < low < high < 1
Axis high_rate_axis(double lowest, std::string title);          // begins at the highest of a few rates ≤ lowest

// The power of ten at or below the smallest rate that `count` trials can have, within [−6, −2].
int lowest_decade(double count);

struct Point {
  double x, y;
};

struct CurveStyle {
  Colour colour;
  bool steps = false;       // y stays as it was until the next x
  double dashed_below = 0;  // dashed up to this x, of curves with ascending x
};

struct Legend {
  struct Row {
    std::string label;
    std::vector<std::string> columns;
    Stroke stroke;
  };
  std::vector<std::string> headings;  // of the columns
  std::vector<Row> rows = {};
  std::string dashed = "";  // what a dashed part of a curve means
};

// The area between the axes. Draws them when it is made, then what it is asked for, in that order.
class Plane {
 public:
  Plane(Canvas& canvas, Axis x, Axis y, const std::string& title, const std::string& subtitle = "");

  // What lies beyond the axes is left out.
  void curve(std::span<const Point> points, const CurveStyle& style);
  void area(std::span<const Point> outline, Colour colour, double opacity);
  void line(Point from, Point to, const Stroke& stroke);
  void marker(Point point, Colour colour);
  void whiskers(double x, const Interval& y, Colour colour);
  // Where the curves leave room; its explanation of dashes only where a curve has some.
  void legend(Legend legend);

 private:
  using Curve = std::vector<Spot>;
  Spot at(Point point) const;
  std::vector<Curve> pieces(std::span<const Point> points, bool steps) const;
  void stroke(const Curve& piece, const CurveStyle& style);
  Spot legend_corner(double width, double height) const;

  Canvas& canvas_;
  Axis x_, y_;
  std::vector<Curve> drawn_;
  bool dashes_ = false;
};

}  // namespace facerec
