#include <algorithm>
#include <cmath>
#include <numbers>

#include "eval/axes.h"
#include "eval/format.h"

namespace facerec {
namespace {

constexpr double left = 76, right = 736, top = 46, bottom = 458;
constexpr double smallest_step = 0.25;  // corners nearer than this are not seen: a curve of a million pairs stays small

// Whether a segment from a to b lies wholly at or beyond one end of an axis that does not reach 0 and 1.
bool beyond(const Axis& axis, double a, double b) {
  if (axis.scale == Scale::linear) return false;
  return (a <= axis.low && b <= axis.low) || (a >= axis.high && b >= axis.high);
}

// At most 40 characters, so that the legend fits.
std::string shortened(const std::string& label) {
  if (characters(label) <= 40) return label;
  size_t end = 0;
  for (size_t count = 0; count < 38; ++end) count += (static_cast<unsigned char>(label[end]) & 0xC0) != 0x80;
  while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0) == 0x80) ++end;
  return label.substr(0, end) + "...";
}

}  // namespace

Plane::Plane(Canvas& canvas, Axis x, Axis y, const std::string& title, const std::string& subtitle)
    : canvas_(canvas), x_(std::move(x)), y_(std::move(y)) {
  const double centre = (left + right) / 2;
  canvas.rectangle({0, 0}, figure_width, figure_height, paper_colour, std::nullopt);
  for (const bool fine : {true, false}) {
    const Stroke stroke = fine ? Stroke{fine_grid_colour, 0.7} : Stroke{grid_colour, 1};
    const auto rule = [&](Point from, Point to) { canvas.polyline(Curve{at(from), at(to)}, stroke); };
    for (const Tick& tick : x_.ticks) {
      if (tick.label.empty() == fine) rule({tick.value, y_.low}, {tick.value, y_.high});
    }
    for (const Tick& tick : y_.ticks) {
      if (tick.label.empty() == fine) rule({x_.low, tick.value}, {x_.high, tick.value});
    }
  }
  for (const Tick& tick : x_.ticks) {
    const Spot spot = {at({tick.value, y_.low}).x, bottom + 20};
    canvas.text(spot, {.text = tick.label, .superscript = tick.superscript, .anchor = Anchor::middle});
  }
  for (const Tick& tick : y_.ticks) {
    const Spot spot = {left - 8, at({x_.low, tick.value}).y + 4.5};
    canvas.text(spot, {.text = tick.label, .superscript = tick.superscript, .anchor = Anchor::end});
  }
  const Spot frame[] = {{left, top}, {right, top}, {right, bottom}, {left, bottom}, {left, top}};
  canvas.polyline(frame, {ink_colour, 1});
  canvas.text({centre, subtitle.empty() ? 28.0 : 20.0},
              {.text = title, .size = 15, .anchor = Anchor::middle, .colour = ink_colour, .bold = true});
  canvas.text({centre, 38}, {.text = subtitle, .size = 12, .anchor = Anchor::middle, .colour = faint_ink_colour});
  canvas.text({centre, bottom + 46}, {.text = x_.title, .size = 14, .anchor = Anchor::middle, .colour = ink_colour});
  canvas.text({24, (top + bottom) / 2},
              {.text = y_.title, .size = 14, .anchor = Anchor::middle, .colour = ink_colour, .upwards = true});
}

Spot Plane::at(Point point) const {
  return {left + (right - left) * x_.position(point.x), bottom - (bottom - top) * y_.position(point.y)};
}

std::vector<Plane::Curve> Plane::pieces(std::span<const Point> points, bool steps) const {
  std::vector<Curve> result;
  bool drawing = false;
  const auto segment = [&](Point from, Point to) {
    if (beyond(x_, from.x, to.x) || beyond(y_, from.y, to.y)) {
      drawing = false;
      return;
    }
    if (!drawing) result.push_back({at(from)});
    drawing = true;
    const Spot end = at(to), last = result.back().back();
    if (std::hypot(end.x - last.x, end.y - last.y) >= smallest_step) result.back().push_back(end);
  };
  for (size_t i = 1; i < points.size(); ++i) {
    const Point corner = steps ? Point{points[i].x, points[i - 1].y} : points[i - 1];
    if (steps) segment(points[i - 1], corner);
    segment(corner, points[i]);
  }
  std::erase_if(result, [](const Curve& piece) { return piece.size() < 2; });
  return result;
}

void Plane::stroke(const Curve& piece, const CurveStyle& style) {
  const double split = style.dashed_below > 0 ? at({style.dashed_below, 0}).x : 0;
  Curve dashed, solid;
  for (const Spot& spot : piece) {
    if (spot.x > split && solid.empty() && !dashed.empty()) {
      const Spot last = dashed.back();
      const Spot border = {split, last.y + (spot.y - last.y) * (split - last.x) / (spot.x - last.x)};
      dashed.push_back(border);
      solid.push_back(border);
    }
    (spot.x > split ? solid : dashed).push_back(spot);
  }
  if (dashed.size() > 1 && split > left + 0.5) {
    canvas_.polyline(dashed, {style.colour, 1.8, true});
    dashes_ = true;
  }
  if (solid.size() > 1) canvas_.polyline(solid, {style.colour, 1.8});
}

void Plane::curve(std::span<const Point> points, const CurveStyle& style) {
  if (points.empty()) return;
  const std::vector<Curve> all = pieces(points, style.steps);
  for (const Curve& piece : all) stroke(piece, style);
  drawn_.insert(drawn_.end(), all.begin(), all.end());
  if (!all.empty()) return;
  // All of it is beyond the axes: where it comes nearest to the corner of no errors.
  marker(*std::ranges::min_element(points, {},
                                   [&](const Point& p) { return std::max(x_.position(p.x), y_.position(p.y)); }),
         style.colour);
}

void Plane::area(std::span<const Point> outline, Colour colour, double opacity) {
  Curve spots;
  for (const Point& point : outline) spots.push_back(at(point));
  canvas_.area(spots, colour, opacity);
}

void Plane::line(Point from, Point to, const Stroke& stroke) {
  drawn_.push_back({at(from), at(to)});
  canvas_.polyline(drawn_.back(), stroke);
}

void Plane::marker(Point point, Colour colour) {
  constexpr int corners = 16;
  constexpr double radius = 4;
  const Spot centre = at(point);
  Curve circle;
  for (int i = 0; i < corners; ++i) {
    const double angle = 2 * std::numbers::pi * i / corners;
    circle.push_back({centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)});
  }
  canvas_.area(circle, colour, 1);
}

void Plane::whiskers(double x, const Interval& y, Colour colour) {
  constexpr double cap = 5;
  const Spot low = at({x, y.low}), high = at({x, y.high});
  canvas_.polyline(Curve{low, high}, {colour, 1.2});
  for (const Spot& end : {low, high})
    canvas_.polyline(Curve{{end.x - cap, end.y}, {end.x + cap, end.y}}, {colour, 1.2});
}

// The lower right where it is free, else the first free place, else the one where a legend hides least of the curves.
Spot Plane::legend_corner(double width, double height) const {
  constexpr double margin = 12, step = 2;
  const double xs[] = {right - margin - width, left + margin, (left + right - width) / 2};
  const double ys[] = {bottom - margin - height, top + margin, (top + bottom - height) / 2};
  std::vector<Spot> dots;  // along the curves
  for (const Curve& curve : drawn_) {
    for (size_t i = 1; i < curve.size(); ++i) {
      const Spot from = curve[i - 1], to = curve[i];
      const double parts = std::ceil(std::hypot(to.x - from.x, to.y - from.y) / step);
      for (double k = 0; k < parts; ++k) {
        dots.push_back({from.x + (to.x - from.x) * k / parts, from.y + (to.y - from.y) * k / parts});
      }
    }
  }
  const auto hidden = [&](Spot corner) {
    return std::ranges::count_if(dots, [&](const Spot& dot) {
      return dot.x > corner.x && dot.x < corner.x + width && dot.y > corner.y && dot.y < corner.y + height;
    });
  };
  Spot best = {xs[0], ys[0]};
  auto fewest = hidden(best);
  for (double x : xs) {
    for (double y : ys) {
      if (const auto count = hidden({x, y}); count < fewest) best = {x, y}, fewest = count;
    }
  }
  return best;
}

void Plane::legend(Legend legend) {
  constexpr double line_height = 19, sample = 26, gap = 8, size = 12.5, column = 76, padding = 10;
  constexpr size_t most_rows = 16;
  if (legend.rows.size() > most_rows) {
    const std::string more = "and " + std::to_string(legend.rows.size() - most_rows) + " more";
    legend.rows.resize(most_rows);
    legend.rows.push_back({more, {}, {paper_colour, 0}});
  }
  if (dashes_) legend.rows.push_back({legend.dashed, {}, {faint_ink_colour, 1.8, true}});
  const double columns = column * static_cast<double>(legend.headings.size());
  double content = 0;
  for (const Legend::Row& row : legend.rows) {
    const double label = canvas_.width_of(shortened(row.label), size);
    content = std::max(content, label + (row.columns.empty() ? 0 : columns + gap));
  }
  const bool headed = !legend.headings.empty();
  const double width = 2 * padding + sample + gap + content;
  const double height = 2 * padding + line_height * static_cast<double>(legend.rows.size() + headed) - 6;
  const Spot corner = legend_corner(width, height);
  canvas_.rectangle(corner, width, height, paper_colour, Stroke{border_colour, 0.8});

  const double x = corner.x + padding, end = corner.x + width - padding;
  double y = corner.y + padding + 10;
  const auto cells = [&](const std::vector<std::string>& texts, Colour colour) {
    for (size_t i = 0; i < texts.size(); ++i) {
      const double place = end - column * static_cast<double>(texts.size() - 1 - i);
      canvas_.text({place, y}, {.text = texts[i], .size = size, .anchor = Anchor::end, .colour = colour});
    }
  };
  if (headed) cells(legend.headings, faint_ink_colour), y += line_height;
  for (const Legend::Row& row : legend.rows) {
    canvas_.polyline(Curve{{x, y - 4}, {x + sample, y - 4}}, row.stroke);
    canvas_.text({x + sample + gap, y}, {.text = shortened(row.label), .size = size, .colour = ink_colour});
    cells(row.columns, ink_colour);
    y += line_height;
  }
}

}  // namespace facerec
