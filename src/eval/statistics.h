// Mean and standard deviation in numpy's order of additions, so that they equal a peer's in the last bit.
#pragma once

#include <cmath>
#include <span>
#include <vector>

namespace facerec {

// numpy's pairwise summation: eight running sums over up to 128 numbers, halves above that.
inline double sum_as_numpy(std::span<const double> x) {
  if (x.size() > 128) {
    const size_t half = x.size() / 2 / 8 * 8;
    return sum_as_numpy(x.first(half)) + sum_as_numpy(x.subspan(half));
  }
  double total = 0;
  size_t i = 0;
  if (x.size() >= 8) {
    double r[8] = {};
    for (; i + 8 <= x.size(); i += 8) {
      for (size_t j = 0; j < 8; ++j) r[j] += x[i + j];
    }
    total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; i < x.size(); ++i) total += x[i];
  return total;
}

inline double mean_of(std::span<const double> x) { return sum_as_numpy(x) / static_cast<double>(x.size()); }

// ddof 0.
inline double std_of(std::span<const double> x) {
  const double mean = mean_of(x);
  std::vector<double> squares(x.begin(), x.end());
  for (double& value : squares) value = (value - mean) * (value - mean);
  return std::sqrt(mean_of(squares));
}

}  // namespace facerec
