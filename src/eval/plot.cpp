#include "facerec/eval/plot.h"

#include <algorithm>
#include <cmath>

#include "eval/canvas_svg.h"
#include "eval/format.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr int figure_width = 760, figure_height = 520;
constexpr double left = 76, right = 736, top = 46, bottom = 458;
constexpr Colour white = {255, 255, 255}, ink = {30, 30, 30}, grey = {105, 105, 105}, grid = {222, 222, 222},
                 fine_grid = {240, 240, 240};

// Okabe and Ito's colours, told apart with any colour vision; yellow is left out, black comes last.
constexpr Colour palette[] = {{0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
                              {230, 159, 0}, {86, 180, 233}, {0, 0, 0}};

struct YRange {
  double low, step;
  int digits;
};
constexpr YRange y_ranges[] = {{0.99, 0.002, 3}, {0.98, 0.005, 3}, {0.95, 0.01, 2}, {0.9, 0.02, 2},
                               {0.8, 0.05, 2},   {0.5, 0.1, 1},    {0, 0.2, 1}};

struct Axes {
  int decades = 1;  // the FAR axis begins at 10^-decades
  YRange y = y_ranges[0];

  double lowest_far() const { return std::pow(10.0, -decades); }
  double x(double far) const { return left + (right - left) * (1 + std::log10(far) / decades); }
  // A little room above 1 keeps a perfect curve off the frame.
  double y_of(double tar) const { return bottom - (bottom - top) * (tar - y.low) / (1.02 - 0.02 * y.low - y.low); }
};

// The highest TAR with FAR ≤ far.
double tar_at(const Roc& roc, double far) { return fnmr_at_fmr(roc, far).tar(); }

Axes axes_for(std::span<const RocSeries> series) {
  uint64_t different = 0;
  for (const RocSeries& s : series) different = std::max(different, s.roc->different);
  Axes axes;
  axes.decades = std::clamp(static_cast<int>(std::ceil(std::log10(static_cast<double>(different)) - 1e-9)), 2, 6);
  double lowest = 1;
  for (const RocSeries& s : series) lowest = std::min(lowest, tar_at(*s.roc, axes.lowest_far()));
  axes.y = *std::ranges::find_if(
      y_ranges, [&](const YRange& range) { return range.low == 0 || range.low + 0.05 * (1 - range.low) <= lowest; });
  return axes;
}

using Curve = std::vector<Spot>;

// The corners of the step function TAR(FAR) from the axis to FAR 1.
Curve staircase(const Roc& roc, const Axes& axes) {
  double far = axes.lowest_far(), tar = tar_at(roc, far);
  Curve corners = {{axes.x(far), axes.y_of(tar)}};
  const auto add = [&](double f, double t) {
    const Spot spot = {axes.x(f), axes.y_of(t)};
    // Corners too near to be seen are left out: a curve of a million pairs stays small.
    if (std::hypot(spot.x - corners.back().x, spot.y - corners.back().y) >= 0.15) corners.push_back(spot);
  };
  for (size_t i = 1; i < roc.size(); ++i) {
    if (roc.fmr(i) <= far || roc.tar(i) == tar) {
      if (roc.fmr(i) == far) tar = roc.tar(i);
      continue;
    }
    add(far, tar);
    far = roc.fmr(i);
    add(far, tar);
    tar = roc.tar(i);
  }
  add(far, tar);
  corners.push_back({axes.x(1), axes.y_of(1)});
  return corners;
}

// Dashed up to the FAR that the pairs support, solid from there.
void draw_curve(Canvas& canvas, const Curve& corners, const Roc& roc, const Axes& axes, Colour colour) {
  const double split = axes.x(std::clamp(30.0 / static_cast<double>(roc.different), axes.lowest_far(), 1.0));
  Curve dashed, solid;
  for (const Spot& corner : corners) {
    if (corner.x > split && solid.empty() && !dashed.empty()) {
      const Spot border = {split, dashed.back().y};
      dashed.push_back(border);
      solid.push_back(border);
    }
    (corner.x > split ? solid : dashed).push_back(corner);
  }
  if (split > left + 0.5) canvas.polyline(dashed, {colour, 1.8, true});
  if (solid.size() > 1) canvas.polyline(solid, {colour, 1.8});
}

void draw_grid(Canvas& canvas, const Axes& axes) {
  for (int decade = 0; decade < axes.decades; ++decade) {
    for (int m = 2; m <= 9; ++m) {
      const double x = axes.x(m * std::pow(10.0, -decade - 1));
      canvas.polyline(Curve{{x, top}, {x, bottom}}, {fine_grid, 0.7});
    }
  }
  for (int decade = 0; decade <= axes.decades; ++decade) {
    const double x = axes.x(std::pow(10.0, -decade));
    canvas.polyline(Curve{{x, top}, {x, bottom}}, {grid, 1});
    canvas.text({x, bottom + 20}, {.text = "10", .superscript = std::to_string(-decade), .anchor = Anchor::middle});
  }
  for (int i = 0; axes.y.low + i * axes.y.step < 1 + 1e-9; ++i) {
    const double tar = axes.y.low + i * axes.y.step, y = axes.y_of(tar);
    canvas.polyline(Curve{{left, y}, {right, y}}, {grid, 1});
    canvas.text({left - 8, y + 4.5}, {.text = fixed(tar, axes.y.digits), .anchor = Anchor::end});
  }
}

void draw_frame(Canvas& canvas, const std::string& title) {
  canvas.polyline(Curve{{left, top}, {right, top}, {right, bottom}, {left, bottom}, {left, top}}, {ink, 1});
  const double x = (left + right) / 2;
  canvas.text({x, 28}, {.text = title, .size = 15, .anchor = Anchor::middle, .bold = true});
  canvas.text({x, bottom + 46}, {.text = "False accept rate (FAR)", .size = 14, .anchor = Anchor::middle});
  canvas.text({24, (top + bottom) / 2},
              {.text = "True accept rate (TAR)", .size = 14, .anchor = Anchor::middle, .upwards = true});
}

// At most 40 characters, so that the legend fits.
std::string shortened(const std::string& label) {
  if (characters(label) <= 40) return label;
  size_t end = 0;
  for (size_t count = 0; count < 38; ++end) count += (static_cast<unsigned char>(label[end]) & 0xC0) != 0x80;
  while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0) == 0x80) ++end;
  return label.substr(0, end) + "...";
}

// The corner of a legend of this size: the lower right where the curves leave it free, else the first free place, else
// the one that the fewest lines cross.
Spot legend_corner(double width, double height, std::span<const Curve> curves) {
  constexpr double margin = 12;
  const double xs[] = {right - margin - width, left + margin, (left + right - width) / 2};
  const double ys[] = {bottom - margin - height, (top + bottom - height) / 2, top + margin};
  const auto crossing = [&](Spot corner) {
    size_t count = 0;
    for (const Curve& curve : curves) {
      for (size_t i = 1; i < curve.size(); ++i) {
        const auto [x0, x1] = std::minmax(curve[i - 1].x, curve[i].x);
        const auto [y0, y1] = std::minmax(curve[i - 1].y, curve[i].y);
        count += x1 > corner.x && x0 < corner.x + width && y1 > corner.y && y0 < corner.y + height;
      }
    }
    return count;
  };
  Spot best = {xs[0], ys[0]};
  size_t fewest = crossing(best);
  for (double y : ys) {
    for (double x : xs) {
      if (const size_t count = crossing({x, y}); count < fewest) best = {x, y}, fewest = count;
    }
  }
  return best;
}

void draw_legend(Canvas& canvas, std::span<const RocSeries> series, std::span<const Curve> curves, bool any_dashed) {
  constexpr double line_height = 19, sample = 26, size = 12.5, column = 62, padding = 10;
  const std::string dashed_label = "fewer than 30 expected false accepts";
  double label_width = 0;
  for (const RocSeries& s : series) label_width = std::max(label_width, canvas.width_of(shortened(s.label), size));
  const double content = std::max(label_width + 2 * column + 8, any_dashed ? canvas.width_of(dashed_label, size) : 0.0);
  const double width = 2 * padding + sample + 8 + content;
  const double height = 2 * padding + line_height * static_cast<double>(series.size() + 1 + any_dashed) - 6;
  const Spot corner = legend_corner(width, height, curves);
  canvas.rectangle(corner, width, height, white, Stroke{{190, 190, 190}, 0.8});

  const double x = corner.x + padding, text_x = x + sample + 8, end = corner.x + width - padding;
  double y = corner.y + padding + 10;
  const auto row = [&](const std::string& label, const std::string& auc, const std::string& eer, Colour colour) {
    canvas.text({text_x, y}, {.text = label, .size = size, .colour = colour});
    canvas.text({end - column, y}, {.text = auc, .size = size, .anchor = Anchor::end, .colour = colour});
    canvas.text({end, y}, {.text = eer, .size = size, .anchor = Anchor::end, .colour = colour});
  };
  const auto key = [&](const Stroke& stroke) { canvas.polyline(Curve{{x, y - 4}, {x + sample, y - 4}}, stroke); };
  row("", "AUC", "EER", grey);
  for (size_t i = 0; i < series.size(); ++i) {
    y += line_height;
    key({palette[i % std::size(palette)], 2});
    const Roc& roc = *series[i].roc;
    row(shortened(series[i].label), fixed(area_under(roc), 5), percent(equal_error_rate(roc)) + " %", ink);
  }
  if (!any_dashed) return;
  y += line_height;
  key({grey, 1.8, true});
  row(dashed_label, "", "", grey);
}

void draw(Canvas& canvas, std::span<const RocSeries> series, const std::string& title) {
  const Axes axes = axes_for(series);
  canvas.rectangle({0, 0}, figure_width, figure_height, white, std::nullopt);
  draw_grid(canvas, axes);
  draw_frame(canvas, title);
  std::vector<Curve> curves;
  bool any_dashed = false;
  for (size_t i = 0; i < series.size(); ++i) {
    curves.push_back(staircase(*series[i].roc, axes));
    draw_curve(canvas, curves[i], *series[i].roc, axes, palette[i % std::size(palette)]);
    any_dashed |= !supports_rate(series[i].roc->different, axes.lowest_far());
  }
  draw_legend(canvas, series, curves, any_dashed);
}

void check(std::span<const RocSeries> series) {
  if (series.empty()) throw Error("there is no ROC curve to draw");
}

}  // namespace

std::string roc_svg(std::span<const RocSeries> series, const std::string& title) {
  check(series);
  SvgCanvas canvas(figure_width, figure_height, title);
  draw(canvas, series, title);
  return std::move(canvas).finish();
}

Image roc_image(std::span<const RocSeries> series, const std::string& title) {
  check(series);
  ImageCanvas canvas(figure_width, figure_height);
  draw(canvas, series, title);
  return std::move(canvas).finish();
}

}  // namespace facerec
