// Vectors as 8-bit codes, for a scan that finds candidates: v ≈ scale · code, code = −127 … 127.
//
// With r ≈ s a and q ≈ t b the product of the codes is off by no more than (Cauchy and Schwarz)
//
//   |r·q − (s a)·(t b)| ≤ ‖r − s a‖ ‖q‖ + ‖s a‖ ‖q − t b‖
//
// whose four norms are known. For unit vectors of 512 normal components this is 0.015, and the error itself 0.0005.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace facerec {

constexpr int64_t group_rows = 64;  // that share their bounds, and are compared at once
constexpr int64_t strip = 64;       // components of a row that lie together
constexpr int64_t query_set = 16;   // queries that are compared at once

struct GroupBounds {
  float residual = 0;  // the largest ‖r − s a‖ of the group
  float norm = 0;      // the largest ‖s a‖
};

// A view. What fills up the last group has scale 0.
struct CodedRows {
  int64_t groups = 0;
  int64_t depth = 0;                    // the dimension rounded up to whole strips
  const float* scales = nullptr;        // [groups, 64]
  const GroupBounds* bounds = nullptr;  // [groups]
  const uint8_t* codes = nullptr;       // [groups, depth / 64, 64 rows, 64 components], each + 128

  int64_t group_bytes() const { return depth * group_rows; }
};

int64_t depth_of(int64_t dimension);

// The codes of up to 64 rows, [rows, dimension]. codes: [depth × 64], scales: [64].
void encode_group(std::span<const float> rows, int64_t dimension, uint8_t* codes, float* scales, GroupBounds& bounds);

struct CodedQueries {
  int64_t sets = 0, depth = 0;
  std::vector<int8_t> codes;     // [sets, depth / 4, 16 queries, 4 components]
  std::vector<int32_t> offsets;  // [sets, 16]: −128 · Σ code, which takes back the 128 added to the codes of rows
  std::vector<float> scales;     // [sets, 16], > 0
  std::vector<float> norms;      // [sets, 16]: ‖q‖
  std::vector<float> residuals;  // [sets, 16]: ‖q − t b‖
};

// queries: [n, dimension], finite. What fills up the last set is zero, with scale 1.
CodedQueries encode_queries(std::span<const float> queries, int64_t n, int64_t dimension);

// What the codes' product of a query must reach, when it is multiplied by the row's scale, so that the row's cosine can
// be `cosine` or more: for the 16 queries of a set.
void limits_of(const CodedQueries& queries, int64_t set, const GroupBounds& bounds, const float* cosines,
               float* limits);

}  // namespace facerec
