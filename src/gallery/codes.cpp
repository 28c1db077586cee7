#include "gallery/codes.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace facerec {
namespace {

struct Norms {
  float scale = 0;
  float norm = 0, coded = 0, residual = 0;  // ‖v‖, ‖scale · code‖, ‖v − scale · code‖, rounded up
};

float rounded_up(double value) {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

// put(i, code) for each component.
template <class Put>
Norms encode(std::span<const float> vector, const Put& put) {
  float largest = 0;
  for (const float value : vector) largest = std::max(largest, std::abs(value));
  const float scale = largest > 0 ? largest / 127 : 1;
  double norm = 0, coded = 0, residual = 0;
  for (size_t i = 0; i < vector.size(); ++i) {
    const float place = vector[i] / scale;  // −127 … 127, or NaN of a damaged file
    const int code = std::isnan(place) ? 0 : static_cast<int>(place + 128.5F) - 128;  // rounds to the nearest
    const double near = code * double{scale}, rest = vector[i] - near;
    norm += double{vector[i]} * double{vector[i]};
    coded += near * near;
    residual += rest * rest;
    put(i, code);
  }
  return {scale, rounded_up(std::sqrt(norm)), rounded_up(std::sqrt(coded)), rounded_up(std::sqrt(residual))};
}

}  // namespace

int64_t depth_of(int64_t dimension) { return (dimension + strip - 1) / strip * strip; }

void encode_group(std::span<const float> rows, int64_t dimension, uint8_t* codes, float* scales, GroupBounds& bounds) {
  std::fill(codes, codes + depth_of(dimension) * group_rows, uint8_t{128});
  std::fill(scales, scales + group_rows, 0.F);
  bounds = {};
  for (int64_t row = 0; row * dimension < static_cast<int64_t>(rows.size()); ++row) {
    const auto vector = rows.subspan(static_cast<size_t>(row * dimension), static_cast<size_t>(dimension));
    const Norms norms = encode(vector, [&](size_t i, int code) {
      codes[(i / strip * group_rows + static_cast<size_t>(row)) * strip + i % strip] = static_cast<uint8_t>(code + 128);
    });
    scales[row] = norms.scale;
    bounds.residual = std::max(bounds.residual, norms.residual);
    bounds.norm = std::max(bounds.norm, norms.coded);
  }
}

CodedQueries encode_queries(std::span<const float> queries, int64_t n, int64_t dimension) {
  CodedQueries all;
  all.sets = (n + query_set - 1) / query_set;
  all.depth = depth_of(dimension);
  const auto places = static_cast<size_t>(all.sets * query_set);
  all.codes.assign(places * static_cast<size_t>(all.depth), 0);
  all.offsets.assign(places, 0);
  all.scales.assign(places, 1);
  all.norms.assign(places, 0);
  all.residuals.assign(places, 0);
  for (size_t query = 0; query < static_cast<size_t>(n); ++query) {
    const size_t set = query / query_set, lane = query % query_set;
    int8_t* const codes = all.codes.data() + set * query_set * static_cast<size_t>(all.depth);
    int32_t sum = 0;
    const auto vector = queries.subspan(query * static_cast<size_t>(dimension), static_cast<size_t>(dimension));
    const Norms norms = encode(vector, [&](size_t i, int code) {
      codes[i / 4 * 4 * query_set + lane * 4 + i % 4] = static_cast<int8_t>(code);
      sum += code;
    });
    all.offsets[query] = -128 * sum;
    all.scales[query] = norms.scale;
    all.norms[query] = norms.norm;
    all.residuals[query] = norms.residual;
  }
  return all;
}

void limits_of(const CodedQueries& queries, int64_t set, const GroupBounds& bounds, const float* cosines,
               float* limits) {
  // More than what the roundings here, in the comparison and of the cosine add up to: ten of 2⁻²⁴ of the largest term.
  constexpr float roundings = 4e-6F;
  const float slack = bounds.residual + roundings * (bounds.norm + bounds.residual);
  const auto first = static_cast<size_t>(set * query_set);
  const float *scales = &queries.scales[first], *norms = &queries.norms[first], *residuals = &queries.residuals[first];
  for (int64_t i = 0; i < query_set; ++i) {
    limits[i] = (cosines[i] - (slack * norms[i] + bounds.norm * residuals[i])) / scales[i];
  }
}

}  // namespace facerec
