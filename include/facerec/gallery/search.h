// The nearest templates of a query, exactly: a scan of 8-bit codes finds every row that can be among them, by a bound
// on the error of its codes (src/gallery/codes.h), and these rows are compared in full.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "facerec/gallery/matrix.h"

namespace facerec {

struct Match {
  int64_t id = 0;    // of the person
  float cosine = 0;  // of the two unit vectors

  bool operator==(const Match&) const = default;
};

// The cosine of two unit vectors as all searches give it, bit for bit, on every machine: the products in double, where
// they are exact; sixteen sums, of the components i, i + 16, i + 32 … in this order, added from the first to the last;
// rounded to fp32.
float cosine_of(std::span<const float> a, std::span<const float> b);

// queries: [n, dimension], of unit length. Of each query the min(k, size) best by cosine_of(), descending, ties by
// ascending id, whatever n and the threads. Works on a matrix larger than the memory, which it reads once for all
// queries. Throws Error for a query that is not of unit length, and for one with NaN; DamagedTemplates when a
// row that is among the best is not of unit length.
std::vector<std::vector<Match>> search(const TemplateMatrix& templates, std::span<const float> queries, int64_t n,
                                       int64_t k, int threads = 0);

}  // namespace facerec
