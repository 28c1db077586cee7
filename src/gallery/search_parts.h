// What the exact search and the one by an index share.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "facerec/gallery/search.h"
#include "gallery/scan.h"

namespace facerec {

// Throws Error unless `queries` are n vectors of unit length.
void check_queries(std::span<const float> queries, int64_t n, int64_t dimension);

// Throws DamagedTemplates for a row that is not of unit length, or is there twice.
std::vector<Match> matches_of(const std::vector<RowMatch>& rows, const TemplateMatrix& templates);

// The best k rows of each query, sorted. passed(first, end): a thread is done with these groups.
using Passed = std::function<void(int64_t first_group, int64_t end_group)>;
std::vector<std::vector<RowMatch>> best_rows(const Kernels& kernels, const ScanRows& rows, ScanQueries& queries,
                                             int threads, const Passed& passed = {});

// search() by the kernels given.
std::vector<std::vector<Match>> search_with(const Kernels& kernels, const TemplateMatrix& templates,
                                            std::span<const float> queries, int64_t n, int64_t k, int threads);

}  // namespace facerec
