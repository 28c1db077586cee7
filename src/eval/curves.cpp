#include "facerec/eval/curves.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "eval/axes.h"
#include "eval/format.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using Points = std::vector<Point>;

constexpr int64_t most_steps = 20'000;  // lines of metrics.jsonl that are drawn: ten for each that can be told apart
constexpr size_t columns = 660;         // of the plane

// Beyond that a training has gone wrong, and the ticks of an axis could not be read.
double drawable(double value) { return std::clamp(value, -1e6, 1e6); }

// Of consecutive points the lowest and the highest, so that noise keeps its outline.
Points thinned(const Points& points) {
  if (points.size() <= 2 * columns) return points;
  Points kept;
  for (size_t column = 0; column < columns; ++column) {
    const auto begin = points.begin() + static_cast<ptrdiff_t>(points.size() * column / columns);
    const auto end = points.begin() + static_cast<ptrdiff_t>(points.size() * (column + 1) / columns);
    auto [first, second] = std::ranges::minmax_element(begin, end, {}, &Point::y);
    if (second < first) std::swap(first, second);
    kept.push_back(*first);
    if (second != first) kept.push_back(*second);
  }
  return kept;
}

// As many points behind one as before it, but at the end, where those are missing.
Points smoothed(const Points& points) {
  const size_t reach = points.size() / 100;
  std::vector<double> sums = {0};
  for (const Point& point : points) sums.push_back(sums.back() + point.y);
  Points result;
  for (size_t i = 0; i < points.size(); ++i) {
    const size_t before = std::min(reach, i), behind = std::min(before, points.size() - 1 - i);
    const double sum = sums[i + behind + 1] - sums[i - before];
    result.push_back({points[i].x, sum / static_cast<double>(before + behind + 1)});
  }
  return result;
}

Colour pale(Colour colour) {
  const auto mix = [](uint8_t value) { return static_cast<uint8_t>((value + 3 * 255) / 4); };
  return {mix(colour.r), mix(colour.g), mix(colour.b)};
}

// From 0 to a little behind the last step; "250", "20k", "1.5M".
Axis step_axis(int64_t last) {
  Axis axis = linear_axis(0, 1.03 * static_cast<double>(last), "Step");
  std::erase_if(axis.ticks, [](const Tick& tick) { return tick.value != std::round(tick.value); });
  const auto [unit, letter] = last >= 1'000'000 ? std::pair(1e6, "M")
                              : last >= 10'000  ? std::pair(1e3, "k")
                                                : std::pair(1.0, "");
  for (Tick& tick : axis.ticks) tick.label = number_name(tick.value / unit) + (tick.value > 0 ? letter : "");
  return axis;
}

// --- loss ---

// What a line of metrics.jsonl tells of the loss or one of its terms, where it is finite.
struct LossCurve {
  std::string label;
  Points raw = {}, smooth = {};
};

std::vector<LossCurve> loss_curves(const TrainingMetrics& metrics) {
  std::vector<LossCurve> curves = {{"loss"}};
  std::map<std::string, size_t> places;
  const auto add = [](LossCurve& curve, int64_t step, double value) {
    if (std::isfinite(value)) curve.raw.push_back({static_cast<double>(step), drawable(value)});
  };
  for (const StepMetrics& line : metrics.steps) {
    add(curves[0], line.step, line.loss);
    for (const auto& [name, value] : line.terms) {
      const auto [place, is_new] = places.try_emplace(name, curves.size());
      if (is_new) curves.push_back({name});
      add(curves[place->second], line.step, value);
    }
  }
  for (LossCurve& curve : curves) curve.smooth = smoothed(curve.raw);
  return curves;
}

// From 0, or nearer where the loss moves far from it, to what 99 of 100 values do not exceed.
Axis loss_axis(const std::vector<LossCurve>& curves) {
  std::vector<double> values, smooth;
  for (const LossCurve& curve : curves) {
    for (const Point& point : curve.raw) values.push_back(point.y);
    for (const Point& point : curve.smooth) smooth.push_back(point.y);
  }
  if (values.empty()) return linear_axis(0, 1, "Loss");
  std::ranges::sort(values);
  const double usual = values[(values.size() - 1) * 99 / 100], lowest = values.front();
  double high = std::max(usual, std::min(*std::ranges::max_element(smooth), 4 * std::abs(usual)));
  if (values.size() < 100) high = values.back();
  if (lowest >= 0 && lowest < 0.6 * high) return linear_axis(0, 1.06 * high, "Loss");
  const double margin = std::max({0.06 * (high - lowest), 0.05 * std::abs(high), 1e-6});
  return linear_axis(lowest - margin, high + margin, "Loss");
}

// Where a rate that was constant falls to one that stays: the milestones of a schedule, not the course of a cosine.
std::vector<double> rate_falls(const std::vector<StepMetrics>& steps) {
  std::vector<double> falls;
  for (size_t i = 2; i + 1 < steps.size(); ++i) {
    const bool flat = steps[i - 2].lr == steps[i - 1].lr && steps[i].lr == steps[i + 1].lr;
    if (flat && steps[i].lr < steps[i - 1].lr) falls.push_back(static_cast<double>(steps[i].step));
  }
  constexpr size_t most = 20;
  return falls.size() > most ? std::vector<double>() : falls;
}

void draw_loss(Canvas& canvas, const TrainingMetrics& metrics, const std::string& run) {
  const std::vector<LossCurve> curves = loss_curves(metrics);
  const Axis y = loss_axis(curves);
  Plane plane(canvas, step_axis(metrics.steps.back().step), y, "Training loss", run);
  Legend legend{.headings = {"last"}};
  const Stroke rate_stroke = {border_colour, 1, true};
  const std::vector<double> falls = rate_falls(metrics.steps);
  for (double x : falls) plane.line({x, y.low}, {x, y.high}, rate_stroke);
  plane.curve(thinned(curves[0].raw), {.colour = pale(series_colour(0))});
  for (size_t i = 0; i < curves.size(); ++i) {
    const Points& smooth = curves[i].smooth;
    if (smooth.empty()) continue;
    plane.curve(smooth, {.colour = series_colour(i)});
    legend.rows.push_back({curves[i].label, {signed_number(smooth.back().y, 3)}, {series_colour(i), 2}});
  }
  if (!falls.empty()) legend.rows.push_back({"learning rate falls", {""}, rate_stroke});
  size_t faults = 0;
  for (const StepMetrics& line : metrics.steps) {
    if (std::isfinite(line.loss)) continue;
    if (++faults <= columns) plane.marker({static_cast<double>(line.step), y.low}, ink_colour);
  }
  if (faults > 0) legend.rows.push_back({"not finite (marked)", {std::to_string(faults)}, {ink_colour, 5}});
  plane.legend(std::move(legend));
}

// --- validation ---

struct FigureKind {
  std::string title, unit;
  bool is_rate;  // 0 … 1, shown as a percentage

  std::string text(double value) const { return is_rate ? percent(value) + " %" : fixed(value, 2) + unit; }
};

FigureKind kind_of(const TrainingMetrics& metrics) {
  return metrics.figure == "psnr" ? FigureKind{"PSNR, dB", " dB", false} : FigureKind{"Accuracy", "", true};
}

// A curve a set, then their mean, where it is none of them.
std::vector<std::pair<std::string, Points>> validation_curves(const TrainingMetrics& metrics) {
  std::vector<std::pair<std::string, Points>> curves;
  std::map<std::string, size_t> places;
  Points mean;
  for (const ValidationMetrics& each : metrics.validations) {
    const auto x = static_cast<double>(each.step);
    if (std::isfinite(each.mean)) mean.push_back({x, drawable(each.mean)});
    for (const auto& [name, value] : each.values) {
      const auto [place, is_new] = places.try_emplace(name, curves.size());
      if (is_new) curves.push_back({name, {}});
      if (std::isfinite(value)) curves[place->second].second.push_back({x, drawable(value)});
    }
  }
  if (curves.size() != 1) curves.emplace_back("mean", std::move(mean));
  return curves;
}

Axis value_axis(const FigureKind& kind, const std::vector<std::pair<std::string, Points>>& curves) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& [label, points] : curves) {
    for (const Point& point : points) low = std::min(low, point.y), high = std::max(high, point.y);
  }
  if (kind.is_rate) return high_rate_axis(low, kind.title);
  if (low > high) return linear_axis(0, 1, kind.title);
  const double margin = std::max(0.08 * (high - low), 0.1);
  return linear_axis(low - margin, high + margin, kind.title);
}

// The mean in black; colours are told apart up to the sixth set, and no more are named.
void draw_validation(Canvas& canvas, const TrainingMetrics& metrics, const std::string& run) {
  constexpr size_t most_named = 6;
  const FigureKind kind = kind_of(metrics);
  const auto curves = validation_curves(metrics);
  const ValidationMetrics* best = metrics.best();
  const double best_step = best ? static_cast<double>(best->step) : -1;
  const Axis y = value_axis(kind, curves);
  Plane plane(canvas, step_axis(metrics.validations.back().step), y,
              kind.is_rate ? "Validation accuracy" : "Validation PSNR", run);
  const Stroke best_stroke = {faint_ink_colour, 1.2, true};
  if (best) plane.line({best_step, y.low}, {best_step, y.high}, best_stroke);
  Legend legend{.headings = {"last", "best step"}};
  for (size_t i = 0; i < curves.size(); ++i) {
    const auto& [label, points] = curves[i];
    if (points.empty()) continue;
    const bool is_mean = curves.size() > 1 && i + 1 == curves.size();
    const Colour colour = is_mean ? ink_colour : series_colour(i % most_named);
    plane.curve(points, {.colour = colour});
    const auto at_best = std::ranges::find(points, best_step, &Point::x);
    const bool has_best = at_best != points.end();
    if (has_best) plane.marker(*at_best, colour);
    if (!is_mean && i >= most_named) continue;
    legend.rows.push_back({label, {kind.text(points.back().y), has_best ? kind.text(at_best->y) : ""}, {colour, 2}});
  }
  if (curves.size() > most_named + 1) {
    legend.rows.push_back({"and " + std::to_string(curves.size() - 1 - most_named) + " more", {}, {paper_colour, 0}});
  }
  if (best) legend.rows.push_back({"best step", {"", std::to_string(best->step)}, best_stroke});
  plane.legend(std::move(legend));
}

}  // namespace

Figure loss_figure(const TrainingMetrics& metrics, const std::string& run) {
  if (metrics.steps.empty()) throw Error("there is no loss to draw");
  return {"Training loss of " + run, [metrics, run](Canvas& canvas) { draw_loss(canvas, metrics, run); }};
}

Figure validation_figure(const TrainingMetrics& metrics, const std::string& run) {
  if (metrics.validations.empty()) throw Error("there is no validation to draw");
  return {"Validation of " + run, [metrics, run](Canvas& canvas) { draw_validation(canvas, metrics, run); }};
}

void draw_training_curves(const fs::path& run) {
  const TrainingMetrics metrics = read_metrics(run / "metrics.jsonl", most_steps);
  const std::string name = text_of((fs::absolute(run) / "").lexically_normal().parent_path().filename());
  if (!metrics.steps.empty()) write_file(run / "loss.svg", loss_figure(metrics, name).svg());
  if (metrics.validations.empty()) return;
  write_file(run / (metrics.figure == "psnr" ? "psnr.svg" : "accuracy.svg"), validation_figure(metrics, name).svg());
}

}  // namespace facerec
