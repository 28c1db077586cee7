// Figures of identification and of robustness.
#include <algorithm>
#include <cmath>

#include "eval/axes.h"
#include "eval/format.h"
#include "facerec/core/error.h"
#include "facerec/eval/plot.h"

namespace facerec {
namespace {

using Searches = std::vector<SearchSeries>;

// The series that `has` their curve.
template <class Has>
Searches checked(std::span<const SearchSeries> series, Has has, const char* what) {
  Searches drawn;
  std::ranges::copy_if(series, std::back_inserter(drawn), [&](const SearchSeries& s) { return has(*s.result); });
  if (drawn.empty()) throw Error(what);
  return drawn;
}

// DIR at a wanted FPIR.
std::string dir_cell(const IdentificationResult& result, double target) {
  const auto point = std::ranges::find(result.at_fpir, target, &FpirPoint::target);
  return point == result.at_fpir.end() ? "" : percent(point->dir()) + " %";
}

void draw_open_set(Canvas& canvas, const Searches& series, const std::string& title) {
  uint64_t nonmated = 0;
  double lowest = 0.1;  // of the FNIR that are not zero
  for (const SearchSeries& s : series) {
    nonmated = std::max(nonmated, s.result->nonmated);
    for (const FpirCurvePoint& point : s.result->curve) lowest = std::min(lowest, point.fnir > 0 ? point.fnir : 1);
  }
  const int lowest_fnir = std::max(-6, static_cast<int>(std::floor(std::log10(lowest) + 1e-9)));
  Plane plane(
      canvas,
      decades_axis(lowest_decade(static_cast<double>(nonmated)), 0, "False positive identification rate (FPIR)"),
      decades_axis(lowest_fnir, 0, "False negative identification rate (FNIR)"), title);
  Legend legend{.headings = {"DIR@1e-2", "DIR@1e-1"}, .dashed = "fewer than 30 expected false positives"};
  for (size_t i = 0; i < series.size(); ++i) {
    const IdentificationResult& result = *series[i].result;
    std::vector<Point> points;
    for (const FpirCurvePoint& point : result.curve) points.push_back({point.fpir, point.fnir});
    plane.curve(points, {.colour = series_colour(i),
                         .steps = true,
                         .dashed_below = 30.0 / static_cast<double>(std::max<uint64_t>(1, result.nonmated))});
    legend.rows.push_back({series[i].label, {dir_cell(result, 1e-2), dir_cell(result, 1e-1)}, {series_colour(i), 2}});
  }
  plane.legend(std::move(legend));
}

void draw_cmc(Canvas& canvas, const Searches& series, const std::string& title) {
  double lowest = 1;
  size_t ranks = 1;
  for (const SearchSeries& s : series) {
    lowest = std::min(lowest, s.result->cmc.front());
    ranks = std::max(ranks, s.result->cmc.size());
  }
  const int decades = std::max(1, static_cast<int>(std::ceil(std::log10(static_cast<double>(ranks)) - 1e-9)));
  Plane plane(canvas, decades_axis(0, decades, "Rank"), high_rate_axis(lowest, "Identification rate"), title);
  Legend legend{.headings = {"rank 1", "rank 5"}};
  for (size_t i = 0; i < series.size(); ++i) {
    const std::vector<double>& cmc = series[i].result->cmc;
    std::vector<Point> points;
    for (size_t k = 0; k < cmc.size(); ++k) points.push_back({static_cast<double>(k + 1), cmc[k]});
    plane.curve(points, {.colour = series_colour(i)});
    const auto cell = [&](size_t rank) { return rank <= cmc.size() ? percent(cmc[rank - 1]) + " %" : ""; };
    legend.rows.push_back({series[i].label, {cell(1), cell(5)}, {series_colour(i), 2}});
  }
  plane.legend(std::move(legend));
}

// A tick for each severity that was tried, if they are few.
Axis severity_axis(std::span<const SeveritySeries> series, const std::string& title) {
  std::vector<double> severities;
  for (const SeveritySeries& s : series) {
    for (const auto& point : s.points) severities.push_back(point.severity);
  }
  std::ranges::sort(severities);
  severities.erase(std::ranges::unique(severities).begin(), severities.end());
  const double margin = 0.05 * std::max(severities.back() - severities.front(), 1e-9);
  Axis axis = linear_axis(severities.front() - margin, severities.back() + margin, title);
  if (severities.size() > 10) return axis;
  axis.ticks.clear();
  for (double severity : severities) axis.ticks.push_back({severity, number_name(severity)});
  return axis;
}

void draw_severity(Canvas& canvas, std::span<const SeveritySeries> series, const std::string& axis,
                   const std::string& title) {
  double lowest = 1;
  for (const SeveritySeries& s : series) {
    for (const auto& point : s.points) lowest = std::min({lowest, point.accuracy, point.ci95.low});
  }
  Plane plane(canvas, severity_axis(series, axis), high_rate_axis(lowest, "Accuracy"), title);
  Legend legend;
  for (size_t i = 0; i < series.size(); ++i) {
    const Colour colour = series_colour(i);
    std::vector<Point> points;
    for (const auto& point : series[i].points) points.push_back({point.severity, point.accuracy});
    plane.curve(points, {.colour = colour});
    for (const auto& point : series[i].points) {
      plane.whiskers(point.severity, point.ci95, colour);
      plane.marker({point.severity, point.accuracy}, colour);
    }
    legend.rows.push_back({series[i].label, {}, {colour, 2}});
  }
  plane.legend(std::move(legend));
}

}  // namespace

Figure open_set_figure(std::span<const SearchSeries> series, const std::string& title) {
  const auto has = [](const IdentificationResult& result) { return !result.curve.empty(); };
  return {title, [searches = checked(series, has, "there is no open-set curve to draw"), title](Canvas& canvas) {
            draw_open_set(canvas, searches, title);
          }};
}

Figure cmc_figure(std::span<const SearchSeries> series, const std::string& title) {
  const auto has = [](const IdentificationResult& result) { return !result.cmc.empty(); };
  return {title, [searches = checked(series, has, "there is no CMC to draw"), title](Canvas& canvas) {
            draw_cmc(canvas, searches, title);
          }};
}

Figure severity_figure(std::span<const SeveritySeries> series, const std::string& axis, const std::string& title) {
  std::vector<SeveritySeries> drawn;
  std::ranges::copy_if(series, std::back_inserter(drawn), [](const SeveritySeries& s) { return !s.points.empty(); });
  if (drawn.empty()) throw Error("there is no accuracy over severity to draw");
  return {title,
          [drawn = std::move(drawn), axis, title](Canvas& canvas) { draw_severity(canvas, drawn, axis, title); }};
}

}  // namespace facerec
