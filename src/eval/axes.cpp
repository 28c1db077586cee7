#include "eval/axes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "eval/format.h"

namespace facerec {
namespace {

// The x at which the standard normal law has the probability p, 0 < p < 1: Abramowitz and Stegun's 26.2.23, and a step
// of Newton's method, to 1e-6.
double normal_quantile(double p) {
  const double t = std::sqrt(-2 * std::log(std::min(p, 1 - p)));
  const double tail =
      t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  const double x = p < 0.5 ? -tail : tail;
  const double law = 0.5 * std::erfc(-x / std::numbers::sqrt2);
  return x - (law - p) * std::sqrt(2 * std::numbers::pi) * std::exp(x * x / 2);
}

double scaled(Scale scale, double value) {
  if (scale == Scale::log10) return std::log10(value);
  return scale == Scale::normal_deviate ? normal_quantile(value) : value;
}

// 1, 2 or 5 times a power of ten: at most `most` steps in the range.
double round_step(double range, int most) {
  const double power = std::pow(10.0, std::floor(std::log10(range / most)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power * most >= range * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

int digits_of(double step) { return std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9))); }

void add_ticks(Axis& axis, double low, double high, double step) {
  const auto first = static_cast<long>(std::ceil(low / step - 1e-6));
  for (long i = first; static_cast<double>(i) * step <= high + 1e-6 * step; ++i) {
    axis.ticks.push_back(
        {static_cast<double>(i) * step, signed_number(static_cast<double>(i) * step, digits_of(step))});
  }
}

}  // namespace

Colour series_colour(size_t index) {
  // Okabe and Ito's colours, told apart with any colour vision; yellow is left out, black comes last.
  constexpr Colour palette[] = {{0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
                                {230, 159, 0}, {86, 180, 233}, ink_colour};
  return palette[index % std::size(palette)];
}

double Axis::position(double value) const {
  if (!(value > low)) return 0;
  if (value >= high) return 1;
  const double from = scaled(scale, low);
  return (scaled(scale, value) - from) / (scaled(scale, high) - from);
}

Axis linear_axis(double low, double high, std::string title) {
  if (!(high > low)) low -= 0.5, high = low + 1;
  Axis axis{Scale::linear, low, high, {}, std::move(title)};
  add_ticks(axis, low, high, round_step(high - low, 8));
  return axis;
}

Axis decades_axis(int lowest, int highest, std::string title) {
  Axis axis{Scale::log10, std::pow(10.0, lowest), std::pow(10.0, highest), {}, std::move(title)};
  for (int decade = lowest; decade <= highest; ++decade) {
    const double value = std::pow(10.0, decade);
    if (lowest >= 0) {
      axis.ticks.push_back({value, fixed(value, 0)});
    } else {
      axis.ticks.push_back({value, "10", decade < 0 ? minus_sign + std::to_string(-decade) : std::to_string(decade)});
    }
    for (int m = 2; m <= 9 && decade < highest; ++m) axis.ticks.push_back({m * value});
  }
  return axis;
}

Axis deviate_axis(double low, double high, std::string title) {
  Axis axis{Scale::normal_deviate, low, high, {}, std::move(title)};
  for (double percentage : {0.0001, 0.001, 0.01, 0.1, 1.0, 5.0, 20.0, 50.0, 80.0, 95.0, 99.0}) {
    if (percentage / 100 < low * (1 - 1e-9) || percentage / 100 > high * (1 + 1e-9)) continue;
    const int digits = percentage < 1 ? digits_of(percentage) : 0;
    axis.ticks.push_back({percentage / 100, fixed(percentage, digits)});
  }
  for (double rate : {0.002, 0.005, 0.02, 0.1, 0.3, 0.4, 0.6, 0.7, 0.9}) {
    if (rate > low && rate < high) axis.ticks.push_back({rate});
  }
  return axis;
}

Axis high_rate_axis(double lowest, std::string title) {
  struct Range {
    double low, step;
  };
  constexpr Range ranges[] = {{0.99, 0.002}, {0.98, 0.005}, {0.95, 0.01}, {0.9, 0.02},
                              {0.8, 0.05},   {0.5, 0.1},    {0, 0.2}};
  const Range range =
      *std::ranges::find_if(ranges, [&](const Range& r) { return r.low == 0 || r.low + 0.05 * (1 - r.low) <= lowest; });
  // A little room above 1 keeps a perfect curve off the frame.
  Axis axis{Scale::linear, range.low, 1.02 - 0.02 * range.low, {}, std::move(title)};
  add_ticks(axis, range.low, 1, range.step);
  return axis;
}

int lowest_decade(double count) {
  return std::clamp(static_cast<int>(std::floor(-std::log10(std::max(1.0, count)) + 1e-9)), -6, -2);
}

}  // namespace facerec
