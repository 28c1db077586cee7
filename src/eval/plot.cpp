#include "facerec/eval/plot.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/axes.h"
#include "eval/canvas_svg.h"
#include "eval/format.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr const char* fmr_title = "False match rate (FMR)";
constexpr const char* fnmr_title = "False non-match rate (FNMR)";
constexpr const char* unsupported = "fewer than 30 expected false matches";

using Curves = std::vector<RocSeries>;

Curves checked(std::span<const RocSeries> series) {
  if (series.empty()) throw Error("there is no ROC curve to draw");
  return {series.begin(), series.end()};
}

template <class Count>
int lowest_decade_of(const Curves& series, Count count) {
  uint64_t most = 0;
  for (const RocSeries& s : series) most = std::max(most, s.roc->*count);
  return lowest_decade(static_cast<double>(most));
}

double supported_fmr(const Roc& roc) { return 30.0 / static_cast<double>(roc.different); }

// A curve a series through `point` of each index of its ROC.
template <class At>
void draw_curves(Plane& plane, const Curves& series, At point) {
  std::vector<Point> points;
  for (size_t i = 0; i < series.size(); ++i) {
    const Roc& roc = *series[i].roc;
    points.clear();
    for (size_t k = 0; k < roc.size(); ++k) points.push_back(point(roc, k));
    plane.curve(points, {.colour = series_colour(i), .steps = true, .dashed_below = supported_fmr(roc)});
  }
}

void draw_roc(Canvas& canvas, const Curves& series, const std::string& title) {
  const int decade = lowest_decade_of(series, &Roc::different);
  double lowest = 1;
  for (const RocSeries& s : series) lowest = std::min(lowest, fnmr_at_fmr(*s.roc, std::pow(10.0, decade)).tar());
  Plane plane(canvas, decades_axis(decade, 0, "False accept rate (FAR)"),
              high_rate_axis(lowest, "True accept rate (TAR)"), title);
  draw_curves(plane, series, [](const Roc& roc, size_t i) { return Point{roc.fmr(i), roc.tar(i)}; });
  Legend legend{.headings = {"AUC", "EER"}, .dashed = unsupported};
  for (size_t i = 0; i < series.size(); ++i) {
    const Roc& roc = *series[i].roc;
    legend.rows.push_back(
        {series[i].label, {fixed(area_under(roc), 5), percent(equal_error_rate(roc)) + " %"}, {series_colour(i), 2}});
  }
  plane.legend(std::move(legend));
}

void draw_det(Canvas& canvas, const Curves& series, const std::string& title) {
  const auto lowest = [&](auto count) { return std::pow(10.0, lowest_decade_of(series, count)); };
  Legend legend{.headings = {"EER"}, .dashed = unsupported};
  double worst = 0;
  for (size_t i = 0; i < series.size(); ++i) {
    const double eer = equal_error_rate(*series[i].roc);
    worst = std::max(worst, eer);
    legend.rows.push_back({series[i].label, {percent(eer) + " %"}, {series_colour(i), 2}});
  }
  const double high = worst < 0.4 ? 0.5 : 0.99;
  Plane plane(canvas, deviate_axis(lowest(&Roc::different), high, std::string(fmr_title) + ", %"),
              deviate_axis(lowest(&Roc::same), high, std::string(fnmr_title) + ", %"), title);
  draw_curves(plane, series, [](const Roc& roc, size_t i) { return Point{roc.fmr(i), roc.fnmr(i)}; });
  plane.legend(std::move(legend));
}

void draw_error_curve(Canvas& canvas, const Curves& series, const std::string& title) {
  Plane plane(canvas, linear_axis(0, 1, fnmr_title), linear_axis(0, 1, fmr_title), title,
              "BITSdrive names these axes FNIR (x) and FPIR (y); the nearer to the lower left corner, the better");
  plane.line({0, 1}, {1, 0}, {faint_ink_colour, 1.2, true});
  Legend legend{.headings = {"error area"}};
  std::vector<Point> points;
  for (size_t i = 0; i < series.size(); ++i) {
    points.clear();
    for (const ErrorCurvePoint& point : error_curve(*series[i].roc)) points.push_back({point.fnmr, point.fmr});
    plane.curve(points, {.colour = series_colour(i)});
    legend.rows.push_back({series[i].label, {fixed(error_area(*series[i].roc), 5)}, {series_colour(i), 2}});
  }
  plane.legend(std::move(legend));
}

uint64_t total(std::span<const uint64_t> counts) { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

// Bins of a distribution that are drawn: joined `width` at a time.
struct Bins {
  double low = 0, size = 0;
  std::vector<double> percentages;

  Bins(const ScoreDistribution& distribution, std::span<const uint64_t> counts, size_t width) : low(distribution.low) {
    size = (distribution.high - distribution.low) / static_cast<double>(counts.size()) * static_cast<double>(width);
    const auto all = static_cast<double>(std::max<uint64_t>(1, total(counts)));
    for (size_t i = 0; i < counts.size(); i += width) {
      percentages.push_back(100 * static_cast<double>(total(counts.subspan(i, std::min(width, counts.size() - i)))) /
                            all);
    }
  }
  // From the edge of its first bin that is not empty to that of its last.
  std::vector<Point> outline() const {
    const auto full = [](double percentage) { return percentage > 0; };
    const auto first = static_cast<size_t>(std::ranges::find_if(percentages, full) - percentages.begin());
    size_t last = percentages.size();
    while (last > first && !full(percentages[last - 1])) --last;
    if (first == last) return {};
    std::vector<Point> points = {{low + size * static_cast<double>(first), 0}};
    for (size_t i = first; i < last; ++i) {
      points.push_back({low + size * static_cast<double>(i), percentages[i]});
      points.push_back({low + size * static_cast<double>(i + 1), percentages[i]});
    }
    points.push_back({points.back().x, 0});
    return points;
  }
};

// So wide that the pairs of the rarer kind fill them: 200 bins for 20,000 pairs and more.
size_t joined_bins(const ScoreDistribution& distribution) {
  uint64_t fewest = 20'000;
  for (const auto* counts : {&distribution.same, &distribution.different}) {
    if (const uint64_t pairs = total(*counts); pairs > 0) fewest = std::min(fewest, pairs);
  }
  return fewest < 1'000 ? 4 : fewest < 20'000 ? 2 : 1;
}

void draw_histogram(Canvas& canvas, const ScoreDistribution& distribution, std::optional<double> threshold,
                    const std::string& title, const std::string& axis) {
  struct Kind {
    std::string label;
    const std::vector<uint64_t>& counts;
    const std::optional<ScoreMoments>& moments;
    Colour colour;
  };
  const Kind kinds[] = {
      {"genuine: the same person", distribution.same, distribution.same_moments, series_colour(0)},
      {"impostor: different people", distribution.different, distribution.different_moments, series_colour(1)}};
  const size_t width = joined_bins(distribution);
  std::vector<std::vector<Point>> outlines;
  for (const Kind& kind : kinds) outlines.push_back(Bins(distribution, kind.counts, width).outline());
  double low = distribution.high, high = distribution.low, highest = 0;
  for (const std::vector<Point>& outline : outlines) {
    for (const Point& point : outline) {
      low = std::min(low, point.x);
      high = std::max(high, point.x);
      highest = std::max(highest, point.y);
    }
  }
  const double margin = 0.03 * (high - low);
  constexpr double headroom = 1.45;  // for the legend
  Plane plane(canvas, linear_axis(low - margin, high + margin, axis),
              linear_axis(0, headroom * highest, "Share of its pairs in a bin, %"), title);
  Legend legend{.headings = {"mean", "std"}};
  for (size_t i = 0; i < std::size(kinds); ++i) {
    if (outlines[i].empty()) continue;
    plane.area(outlines[i], kinds[i].colour, 0.25);
    plane.curve(outlines[i], {.colour = kinds[i].colour});
    const auto& moments = kinds[i].moments;
    legend.rows.push_back({kinds[i].label,
                           {moments ? signed_number(moments->mean, 3) : "", moments ? fixed(moments->std, 3) : ""},
                           {kinds[i].colour, 2}});
  }
  if (threshold && *threshold > low - margin && *threshold < high + margin) {
    const Stroke stroke = {faint_ink_colour, 1.4, true};
    plane.line({*threshold, 0}, {*threshold, 1.06 * highest}, stroke);
    legend.rows.push_back({"threshold", {signed_number(*threshold, 3), ""}, stroke});
  }
  if (distribution.decidability) {
    legend.rows.push_back({"decidability d′", {fixed(*distribution.decidability, 2), ""}, {paper_colour, 0}});
  }
  plane.legend(std::move(legend));
}

}  // namespace

std::string Figure::svg() const {
  SvgCanvas canvas(figure_width, figure_height, title);
  draw(canvas);
  return std::move(canvas).finish();
}

Image Figure::image() const {
  ImageCanvas canvas(figure_width, figure_height);
  draw(canvas);
  return std::move(canvas).finish();
}

Figure roc_figure(std::span<const RocSeries> series, const std::string& title) {
  return {title, [curves = checked(series), title](Canvas& canvas) { draw_roc(canvas, curves, title); }};
}

Figure det_figure(std::span<const RocSeries> series, const std::string& title) {
  return {title, [curves = checked(series), title](Canvas& canvas) { draw_det(canvas, curves, title); }};
}

Figure error_curve_figure(std::span<const RocSeries> series, const std::string& title) {
  return {title, [curves = checked(series), title](Canvas& canvas) { draw_error_curve(canvas, curves, title); }};
}

Figure histogram_figure(const ScoreDistribution& distribution, std::optional<double> threshold,
                        const std::string& title, const std::string& axis) {
  if (total(distribution.same) + total(distribution.different) == 0) throw Error("there are no scores to draw");
  return {title, [&distribution, threshold, title, axis](Canvas& canvas) {
            draw_histogram(canvas, distribution, threshold, title, axis);
          }};
}

}  // namespace facerec
