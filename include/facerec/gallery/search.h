// The nearest templates of a query, exactly: fp32 cosines, whatever the scan that finds the candidates computes in.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "facerec/gallery/matrix.h"

namespace facerec {

struct Match {
  int64_t id = 0;    // of the person
  float cosine = 0;  // of the two unit vectors

  bool operator==(const Match&) const = default;
};

// queries: [n, dimension], of unit length. Of each query the min(k, size) best, by descending cosine, ties by ascending
// id. Works on a matrix larger than the memory. Throws Error for a query with NaN.
std::vector<std::vector<Match>> search(const TemplateMatrix& templates, std::span<const float> queries, int64_t n,
                                       int64_t k, int threads = 0);

}  // namespace facerec
