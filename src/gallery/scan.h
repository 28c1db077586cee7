// The best rows of queries, found group by group: those whose codes come near enough are compared in full.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "gallery/codes.h"
#include "gallery/kernels.h"

namespace facerec {

struct RowMatch {
  float cosine = 0;
  int64_t row = 0;
};

inline bool is_better(const RowMatch& a, const RowMatch& b) {
  return a.cosine > b.cosine || (a.cosine == b.cosine && a.row < b.row);
}

// What is searched. A view.
struct ScanRows {
  CodedRows codes;
  std::span<const float> rows;  // [size, dimension]
  int64_t dimension = 0;
  std::span<const uint32_t> row_numbers;  // [groups, 64]: the rows that the codes are of; empty: they are in order
};

// The queries of a search, and the best that any thread has found for each.
class ScanQueries {
 public:
  ScanQueries(std::span<const float> queries, int64_t n, int64_t dimension, int64_t k);

  int64_t size() const { return size_; }
  int64_t k() const { return k_; }
  std::span<const float> vector(int64_t query) const;
  const CodedQueries& codes() const { return codes_; }
  // A cosine that the k best of the query have at least.
  float known(int64_t query) const { return known_[static_cast<size_t>(query)].load(std::memory_order_relaxed); }
  void learn(int64_t query, float cosine);

 private:
  std::span<const float> queries_;
  int64_t size_, dimension_, k_;
  CodedQueries codes_;
  std::vector<std::atomic<float>> known_;
};

// The part of a search that one thread does, from its construction to its end.
class Scanner {
 public:
  Scanner(const ScanRows& rows, ScanQueries& queries, const Kernels& kernels);
  ~Scanner();
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  void scan(int64_t first_group, int64_t end_group);
  // The best k of what was scanned, in no order.
  const std::vector<RowMatch>& best(int64_t query) const { return best_[static_cast<size_t>(query)]; }

 private:
  void compare(int64_t group, int64_t set);
  void take(int64_t group, int64_t row_of_group, int64_t query);

  const ScanRows& rows_;
  ScanQueries& queries_;
  const Kernels& kernels_;
  std::vector<std::vector<RowMatch>> best_;  // heaps, the worst on top
  std::vector<float> wanted_;                // [sets, 16]: cosines below are not among the best
};

// The k best of all, sorted.
std::vector<RowMatch> best_of(std::vector<RowMatch> all, int64_t k);

}  // namespace facerec
