#include "gallery/scan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace facerec {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

ScanQueries::ScanQueries(std::span<const float> queries, int64_t n, int64_t dimension, int64_t k)
    : queries_(queries),
      size_(n),
      dimension_(dimension),
      k_(k),
      codes_(encode_queries(queries, n, dimension)),
      known_(static_cast<size_t>(n)) {
  for (auto& cosine : known_) cosine = -infinity;
}

std::span<const float> ScanQueries::vector(int64_t query) const {
  return queries_.subspan(static_cast<size_t>(query * dimension_), static_cast<size_t>(dimension_));
}

void ScanQueries::learn(int64_t query, float cosine) {
  std::atomic<float>& known = known_[static_cast<size_t>(query)];
  float before = known.load(std::memory_order_relaxed);
  while (before < cosine && !known.compare_exchange_weak(before, cosine, std::memory_order_relaxed)) {
  }
}

Scanner::Scanner(const ScanRows& rows, ScanQueries& queries, const Kernels& kernels)
    : rows_(rows),
      queries_(queries),
      kernels_(kernels),
      best_(static_cast<size_t>(queries.size())),
      wanted_(static_cast<size_t>(queries.codes().sets * query_set), infinity) {
  kernels_.begin();
}

Scanner::~Scanner() { kernels_.end(); }

void Scanner::scan(int64_t first_group, int64_t end_group) {
  const int64_t n = queries_.size(), k = queries_.k();
  const auto worst = [&](const std::vector<RowMatch>& best) {
    return static_cast<int64_t>(best.size()) < k ? -infinity : best.front().cosine;
  };
  for (int64_t query = 0; query < n; ++query) {
    const auto i = static_cast<size_t>(query);
    wanted_[i] = std::max(worst(best_[i]), queries_.known(query));
  }
  for (int64_t set = 0; set < queries_.codes().sets; ++set) {
    for (int64_t group = first_group; group < end_group; ++group) compare(group, set);
  }
  for (int64_t query = 0; query < n; ++query) queries_.learn(query, worst(best_[static_cast<size_t>(query)]));
}

void Scanner::compare(int64_t group, int64_t set) {
  const CodedRows& rows = rows_.codes;
  const CodedQueries& queries = queries_.codes();
  const int64_t first = set * query_set;
  alignas(64) float limits[query_set];
  alignas(64) uint16_t hits[group_rows];
  limits_of(queries, set, rows.bounds[group], &wanted_[static_cast<size_t>(first)], limits);
  kernels_.find_hits({.depth = rows.depth,
                      .rows = rows.codes + group * rows.group_bytes(),
                      .scales = rows.scales + group * group_rows,
                      .queries = &queries.codes[static_cast<size_t>(first * rows.depth)],
                      .offsets = &queries.offsets[static_cast<size_t>(first)],
                      .limits = limits},
                     hits);
  for (int64_t row = 0; row < group_rows; ++row) {
    for (unsigned bits = hits[row]; bits != 0; bits &= bits - 1) take(group, row, first + std::countr_zero(bits));
  }
}

void Scanner::take(int64_t group, int64_t row_of_group, int64_t query) {
  int64_t row = group * group_rows + row_of_group;
  if (!rows_.row_numbers.empty()) row = rows_.row_numbers[static_cast<size_t>(row)];
  const auto first = static_cast<size_t>(row) * static_cast<size_t>(rows_.dimension);
  // What fills up a group or a set: codes of a damaged file reach any limit.
  if (first >= rows_.rows.size() || query >= queries_.size()) return;
  const auto vector = rows_.rows.subspan(first, static_cast<size_t>(rows_.dimension));
  RowMatch match{kernels_.cosine(queries_.vector(query), vector), row};
  if (std::isnan(match.cosine)) match.cosine = infinity;  // a damaged row: among the best, where it is told
  const auto i = static_cast<size_t>(query);
  std::vector<RowMatch>& best = best_[i];
  if (!(match.cosine >= wanted_[i])) return;
  if (static_cast<int64_t>(best.size()) == queries_.k()) {
    if (!is_better(match, best.front())) return;
    std::pop_heap(best.begin(), best.end(), is_better);
    best.pop_back();
  }
  best.push_back(match);
  std::push_heap(best.begin(), best.end(), is_better);
  if (static_cast<int64_t>(best.size()) == queries_.k()) wanted_[i] = std::max(wanted_[i], best.front().cosine);
}

std::vector<RowMatch> best_of(std::vector<RowMatch> all, int64_t k) {
  const auto kept = all.begin() + static_cast<std::ptrdiff_t>(std::min(static_cast<size_t>(k), all.size()));
  std::partial_sort(all.begin(), kept, all.end(), is_better);
  all.erase(kept, all.end());
  return all;
}

}  // namespace facerec
